// Quiet hours in a look at a lane: tells closed cursors when they open, lets items that wait alone wait longer, and finds the rows of a zone.
import { ALWAYS, openSpan, zoneOfCursor, zonesOfJob } from '../../src/lanes/cursor.ts';
import type { LaneId } from '../../src/lanes/keys.ts';
import type { Candidates, Lanes, Run } from '../../src/lanes/lanes.ts';
import type { Jobs, JobView } from './jobs.ts';
import type { ZoneRowFinder } from './zone-rows.ts';

/** What is shown now is written within this; so long before it closes, a cursor shows nothing more (CLOSE_MARGIN_US of lua/_cursor.lua). */
const CLOSE_MARGIN_US = 500_000;

export interface HoursContext {
  lanes: Pick<Lanes, 'tell' | 'skip' | 'postpone' | 'drop'>;
  jobs: Pick<Jobs, 'view'>;
  zoneRows: ZoneRowFinder;
}

/** The same look with only those rows whose hour it is. Where that takes another look, `nextDueUs` is now. */
export async function withinHours(
  context: HoursContext,
  lane: LaneId,
  peeked: Candidates,
): Promise<Candidates> {
  const look = new Look(context, lane, peeked);
  for (const { job, cursor } of peeked.closed) await look.tell(job, cursor);
  const later: Candidates['later'] = [];
  for (const item of peeked.later) if (await look.mayGo(item)) later.push(item);
  const runs: Run[] = [];
  for (const run of peeked.runs) runs.push(...(await look.rowsOf(run)));
  return { ...peeked, later, runs, nextDueUs: look.nextDueUs };
}

class Look {
  readonly #context: HoursContext;
  readonly #lane: LaneId;
  readonly #nowUs: number;
  nextDueUs: number;

  constructor(context: HoursContext, lane: LaneId, { nowUs, nextDueUs }: Candidates) {
    this.#context = context;
    this.#lane = lane;
    this.#nowUs = nowUs;
    this.nextDueUs = nextDueUs;
  }

  async tell(job: string, cursor: string): Promise<void> {
    const { lanes } = this.#context;
    const view = await this.#view(job);
    if (view) {
      const span = this.#spanFrom(view, zonesOf(view, zoneOfCursor(cursor)));
      await lanes.tell(this.#lane, cursor, span ?? ALWAYS);
    } else await lanes.drop(this.#lane, cursor);
    this.#lookAt(this.#nowUs);
  }

  /** Whether an item that waits alone may go now. If not, it waits until its zone is open. */
  async mayGo({ member, job, index }: Candidates['later'][number]): Promise<boolean> {
    const view = await this.#view(job);
    if (!view?.seal.quiet_hours) return true;
    const zone = view.zoneSets && (await this.#context.zoneRows.zoneAt(view, index));
    const span = this.#spanFrom(view, zonesOf(view, zone));
    if (!span || span.opensUs <= this.#nowUs + CLOSE_MARGIN_US) {
      this.#lookAt((span?.closesUs ?? 0) - CLOSE_MARGIN_US);
      return true;
    }
    await this.#context.lanes.postpone(this.#lane, member, span.opensUs);
    this.#lookAt(span.opensUs);
    return false;
  }

  /** A run of all rows as it is; of a zone, its rows. */
  async rowsOf(run: Run): Promise<Run[]> {
    const { zoneRows, lanes } = this.#context;
    const zone = zoneOfCursor(run.cursor);
    const view = zone === undefined ? undefined : await this.#view(run.job);
    if (zone === undefined || !view) return [run];
    const { runs, next } = await zoneRows.find(view, zone, run.from, run.due, run.count);
    if (runs.length === 0) {
      await lanes.skip(this.#lane, run.cursor, run.from, next);
      this.#lookAt(this.#nowUs);
    }
    let since = run.from;
    return runs.map((rows) => {
      const own = { ...run, ...rows, since };
      since = rows.from + rows.count;
      return own;
    });
  }

  #view(job: string): Promise<JobView | undefined> {
    return this.#context.jobs.view(this.#lane.home, job);
  }

  /** A span that ends too soon is over. */
  #spanFrom({ seal }: JobView, zones: readonly string[]) {
    return openSpan(seal, zones, Math.ceil((this.#nowUs + CLOSE_MARGIN_US) / 1_000));
  }

  #lookAt(us: number): void {
    if (us > 0 && (this.nextDueUs === 0 || us < this.nextDueUs)) this.nextDueUs = us;
  }
}

const zonesOf = (view: JobView, zone: number | undefined): readonly string[] =>
  zone === undefined ? zonesOfJob(view.seal) : (view.zoneSets?.[zone] ?? []);
