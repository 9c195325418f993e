// The keys of one job. Its bytes carry the fingerprint of the body they came from, so that two bodies under one id never mix.
export interface JobKeys {
  /** Hash: what all rows share, counts per status, state. */
  row: string;
  /** String: a status byte per row. */
  statuses: string;
  /** String: a try byte per row, how often it was started (modulo 256). */
  tries: string;
  /** Hash: index → starts that do not count as attempts; "b" and the index → attempts before a client had it tried again. */
  uncounted: string;
  /** Hash: index → 1 for unknown items that were sent once more, by their job's wish or a client's. */
  resent: string;
  /** String: of a job with quiet hours where the recipients are, the number of a row's zone set as a byte. */
  zones: string;
  /** Stream of the home: what customers are told. */
  outbox: string;
  /** Hash: of a stream, chunk → its digest, as chunks come in. Gone once the job is open. */
  arrived: string;
  /** String: of a stream, the digests of the chunks that were sent to the log, 32 bytes each. */
  digests: string;
}

const FINGERPRINT_LETTERS = 8;

export const jobRowKey = (namespace: string, home: string, job: string): string =>
  `${namespace}:{${home}}:job:${job}`;

const bytesKey = (namespace: string, home: string, job: string, fingerprint: string): string =>
  `${jobRowKey(namespace, home, job)}:${fingerprint.slice(0, FINGERPRINT_LETTERS)}`;

export function jobKeys(namespace: string, home: string, job: string, fingerprint: string): JobKeys {
  const bytes = bytesKey(namespace, home, job, fingerprint);
  return {
    row: jobRowKey(namespace, home, job),
    statuses: `${bytes}:s`,
    tries: `${bytes}:t`,
    uncounted: `${bytes}:u`,
    resent: `${bytes}:d`,
    zones: `${bytes}:o`,
    outbox: outboxKeys(namespace, home).outbox,
    arrived: `${bytes}:i`,
    digests: `${bytes}:g`,
  };
}

/**
 * `rows`: the compressed chunk; `results`: what became of its items, a line each; `folded`: the same, compressed; `leftOut`: its rows that are
 * no items, and why, compressed.
 */
export function chunkKeys(namespace: string, home: string, job: string, fingerprint: string, n: number) {
  const bytes = bytesKey(namespace, home, job, fingerprint);
  return {
    rows: `${bytes}:c${n}`,
    results: `${bytes}:r${n}`,
    folded: `${bytes}:z${n}`,
    leftOut: `${bytes}:x${n}`,
  };
}

/** `outbox`: what has moved and customers want to be told, one entry per script; `relay`: who takes it on, and how far. */
export const outboxKeys = (namespace: string, home: string) => ({
  outbox: `${namespace}:{${home}}:outbox`,
  relay: `${namespace}:{${home}}:outbox:relay`,
});

/** Set of homes whose outbox has something new. A hint: a look at all of them finds what it lost. */
export const toldKey = (namespace: string): string => `${namespace}:told`;

/** Sorted set of a workspace's jobs by creation (ms). */
export const jobListKey = (namespace: string, workspace: string, environment: string): string =>
  `${namespace}:{${workspace}}:jobs:${environment}`;

/** Sorted set over the installation: "job home" of jobs that are being uploaded, by when to give them up (unix ms). */
export const uploadsKey = (namespace: string): string => `${namespace}:uploads`;

/** Sorted set over the installation: "job home fingerprint" of jobs of which chunks came and no seal, by when to look at them (unix ms). */
export const unsealedKey = (namespace: string): string => `${namespace}:unsealed`;

/** Sorted set over the installation: "job home" of jobs that send unknown items once more, by when to look at them (unix ms). */
export const resendKey = (namespace: string): string => `${namespace}:resend`;

/** Sorted set over the installation: "created job home" of templates and media that go to a platform, by when to look at them (unix ms). */
export const submissionsKey = (namespace: string): string => `${namespace}:submissions`;

/** Sorted set of a workspace's jobs of which something may wait, members "job home", by their recipients. */
export const openJobsKey = (namespace: string, workspace: string): string =>
  `${namespace}:{${workspace}}:open`;
