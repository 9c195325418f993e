// The door to libphonenumber-js and countries-and-timezones: where a number may be, as time zones. A number tells its country at most,
// so all zones of the country are named; none when the number tells nothing (satellites, networks, area codes nobody has).
import { getTimezonesForCountry } from 'countries-and-timezones';
import parsePhoneNumber from 'libphonenumber-js/min';

const ofCountry = new Map<string, readonly string[]>();

/** IANA zones of the country of an E.164 number, sorted; empty when unknown. About 10 µs. */
export function zonesOfNumber(e164: string): readonly string[] {
  const country = parsePhoneNumber(e164)?.country;
  if (country === undefined) return [];
  const known = ofCountry.get(country);
  if (known) return known;
  const zones = (getTimezonesForCountry(country) ?? []).map(({ name }) => name).toSorted();
  ofCountry.set(country, zones);
  return zones;
}
