// Written by `npm run openapi` from the API's description. Changes here are lost.

export type Accepted = { job: Job; rejected: Rejected[]; duplicates: Duplicate[] };

export type AdminKey = { workspace: string; id: string; name: string; environment: "live" | "staging" | "test"; scopes: string[]; created_at: string | null; expires_at: string | null; from_file: boolean; revoked: boolean };

export type AdminNewKey = { workspace: string; id: string; name: string; environment: "live" | "staging" | "test"; scopes: string[]; created_at: string | null; expires_at: string | null; from_file: boolean; revoked: boolean; secret: string };

export type AdminPortfolio = { workspace: string; id: string; environment: "live" | "staging" | "test"; messaging_limit: number | "unlimited"; limits: Limit[]; senders: string[]; disabled: boolean };

export type AdminSender = { workspace: string; id: string; platform: string; environment: "live" | "staging" | "test"; portfolio: string | null; external_id: string; throughput: number; arrival_bound: string | null; limits: Limit[]; paused: boolean; disabled: boolean };

export type Audience = { tags: string[]; match?: "any" | "all"; variables?: string[] | (Record<string, string>) };

export type AuditEntry = { id: string; at: string; actor: string; action: string; workspace: string; subject: string; changes: Record<string, unknown> };

export type Canceled = { job: Job; left: number };

export type Contact = { id: string; number: string | null; external_id: string | null; name: string | null; email: string | null; time_zone: string | null; language: string | null; tags: string[]; attributes: Record<string, string | number | boolean>; created_at: string; updated_at: string };

export type ContactInput = { number?: string; external_id?: string; name?: string | null; email?: string | null; time_zone?: string | null; language?: string | null; tags?: string[]; attributes?: Record<string, string | number | boolean | null> };

export type Contacts = { data: Contact[]; has_more: boolean; next_cursor: string | null };

export type Controlled = { job: Job };

export type DeadLetter = { position: string; at: string; topic: string; key: string; reason: string; bytes: number; headers: Record<string, string>; replayable: boolean };

export type Deliveries = { data: Delivery[]; has_more: boolean; next_cursor: string | null };

export type Delivery = { id: string; type: string; events: number; attempt: number; at: string; duration_ms: number; status: number | null; error: string | null; next_attempt_at: string | null };

export type Duplicate = { index: number; of: number };

export type Hold = { limit: string; scope: string; until: string | null; message: string };

export type Item = { index: number; to: string; reference: string | null; status: "queued" | "sending" | "accepted" | "delivered" | "read" | "failed" | "unknown" | "canceled" | "expired" | "suppressed"; attempts: number; possible_duplicate?: boolean; provider_id: string | null; error: ({ code: string; message: string }) | null; hold: Hold | null; updated_at: string };

export type Items = { data: Item[]; has_more: boolean; next_cursor: string | null };

export type Job = { id: string; kind: "messages" | "contacts" | "templates" | "media"; sender: string; status: "accepted" | "scheduled" | "queued" | "sending" | "paused" | "completed" | "canceling" | "canceled" | "expired" | "incomplete"; priority: "bulk" | "normal" | "high"; created_at: string; updated_at: string; metadata: Record<string, unknown>; rejected_count: number; duplicate_count: number; counts: { total: number; queued: number; sending: number; accepted: number; delivered: number; read: number; failed: number; unknown: number; canceled: number; expired: number; suppressed: number }; progress: number; eta: ({ finish_at: string; p90: string }) | null; hold: Hold | null };

export type Jobs = { data: Job[]; has_more: boolean; next_cursor: string | null };

export type Key = { id: string; name: string; environment: "live" | "staging" | "test"; scopes: string[]; created_at: string | null; expires_at: string | null; from_file: boolean; revoked: boolean };

export type KeyLimits = { plan: ("free" | "pro" | "business" | "agency" | "campaigns") | ({ per_second: number | null; per_minute: number | null; per_hour: number | null; per_day: number | null; routes: Record<string, { per_second: number | null; per_minute: number | null; per_hour: number | null; per_day: number | null }>; reset: "seconds" | "milliseconds" }); data: LimitUse[] };

export type Keys = { data: Key[]; has_more: boolean; next_cursor: string | null };

export type LeftOut = { index: number; code: string; message: string; of: number | null; line: number | null };

export type LeftOuts = { data: LeftOut[]; has_more: boolean; next_cursor: string | null };

export type Limit = { name: string; count: number; per: string; pace: "even" | "burst" };

export type LimitUse = { name: string; scope: string; kind: "rolling" | "concurrency" | "unique" | "pair"; count: number; per: string | null; used: number; free: number | null; next_free: string | null; cap: number | null };

export type LimitUses = { data: LimitUse[] };

export type ListedSender = { id: string; platform: string; environment: "live" | "staging" | "test"; portfolio: string | null; external_id: string; throughput: number; arrival_bound: string | null; limits: Limit[]; paused: boolean; disabled: boolean };

export type ManyControlled = { matched: number; changed: number; left: number; has_more: boolean };

export type Message = { to: string; variables?: string[] | (Record<string, string>); reference?: string; template?: { name: string; language: string; components?: (Record<string, unknown>)[] }; text?: { body: string; preview_url?: boolean } };

export type NewKey = { id: string; name: string; environment: "live" | "staging" | "test"; scopes: string[]; created_at: string | null; expires_at: string | null; from_file: boolean; revoked: boolean; secret: string };

export type Plan = { sender: string; total: number; rejected_count: number; duplicate_count: number; suppressed_count: number; rejected: Rejected[]; duplicates: Duplicate[]; timeline: ({ start: string; end: string; count: number; limit: string | null; scope: string | null; message: string | null })[]; finish_at: string | null; p90: string | null; expired: number; what_if: ({ sender: string; timeline: ({ start: string; end: string; count: number; limit: string | null; scope: string | null; message: string | null })[]; finish_at: string | null; p90: string | null; expired: number }) | null };

export type Portfolio = { id: string; environment: "live" | "staging" | "test"; messaging_limit: number | "unlimited"; limits: Limit[]; senders: string[] };

export type Portfolios = { data: Portfolio[]; has_more: boolean; next_cursor: string | null };

export type Problem = { error: { code: "invalid_request" | "unauthorized" | "forbidden" | "not_found" | "method_not_allowed" | "not_acceptable" | "conflict" | "idempotency_in_progress" | "precondition_failed" | "payload_too_large" | "unsupported_media_type" | "idempotency_mismatch" | "unprocessable" | "rate_limit_exceeded" | "backlog_full" | "internal" | "unavailable"; message: string; request_id: string; retry_after?: number; details?: ({ path: string; code: string; message: string })[] } };

export type Readiness = { status: "ready" | "not_ready"; checks: Record<string, boolean> };

export type Rejected = { index: number; code: string; message: string; line?: number };

export type Retried = { job: Job; retried: number; remaining: number; unreadable: number };

export type Sender = { id: string; platform: string; environment: "live" | "staging" | "test"; portfolio: string | null; external_id: string; throughput: number; arrival_bound: string | null; limits: Limit[]; paused: boolean; disabled: boolean; hold: Hold | null };

export type Senders = { data: ListedSender[]; has_more: boolean; next_cursor: string | null };

export type Stopped = { workspace: string | null; stopped: boolean };

export type Suppression = { id: string; reason: string; source: string; categories: (("marketing" | "utility" | "authentication" | "service")[]) | null; created_at: string };

export type Suppressions = { data: Suppression[]; has_more: boolean; next_cursor: string | null };

export type SuppressionsAdded = { created: number; existing: number; rejected_count: number; data: ({ index: number; id: string; created: boolean })[]; rejected: ({ index: number; code: string; message: string })[] };

export type SuppressionsRemoved = { removed: number; rejected_count: number; rejected: ({ index: number; code: string; message: string })[] };

export type Template = { id: string | null; name: string; language: string; category: string; status: string; variables: string[] };

export type Templates = { data: Template[]; has_more: boolean; next_cursor: string | null };

export type Webhook = { id: string; url: string; events: string[]; description: string; environment: "live" | "staging" | "test"; enabled: boolean; disabled_reason: ("gone" | "failing" | "backlog") | null; disabled_at: string | null; created_at: string | null; source: "file" | "api" };

export type WebhookReplayed = { count: number; until: string | null };

export type WebhookTested = { id: string };

export type WebhookWithSecret = { id: string; url: string; events: string[]; description: string; environment: "live" | "staging" | "test"; enabled: boolean; disabled_reason: ("gone" | "failing" | "backlog") | null; disabled_at: string | null; created_at: string | null; source: "file" | "api"; secret: string };

export type Webhooks = { data: Webhook[]; has_more: boolean; next_cursor: string | null };

export type Workspace = { id: string; plan: ("free" | "pro" | "business" | "agency" | "campaigns") | ({ per_second: number | null; per_minute: number | null; per_hour: number | null; per_day: number | null; routes: Record<string, { per_second: number | null; per_minute: number | null; per_hour: number | null; per_day: number | null }>; reset: "seconds" | "milliseconds" }); disabled: boolean; stopped: boolean };

/** What each operation takes and answers. */
export interface Calls {
  /** One bulk job of up to 10,000 messages. */
  sendBulk: { headers?: { "idempotency-key"?: string }; body: { sender: string; template?: { name: string; language: string; components?: (Record<string, unknown>)[] }; text?: { body: string; preview_url?: boolean }; category?: "marketing" | "utility" | "authentication" | "service"; send_at?: string; spread?: string; expires_after?: string; finish_by?: string; quiet_hours?: { from: string; to: string; time_zone: string }; validation?: "permissive" | "strict"; unique_within?: string; on_unknown?: "hold" | "resend"; metadata?: Record<string, unknown>; idempotency_key?: string; priority?: "bulk" | "normal" | "high"; messages?: Message[]; audience?: Audience }; answer: Accepted };
  /** One message, ahead of bulk jobs. */
  sendOne: { headers?: { "idempotency-key"?: string }; body: { sender: string; template?: { name: string; language: string; components?: (Record<string, unknown>)[] }; text?: { body: string; preview_url?: boolean }; category?: "marketing" | "utility" | "authentication" | "service"; send_at?: string; spread?: string; expires_after?: string; finish_by?: string; quiet_hours?: { from: string; to: string; time_zone: string }; validation?: "permissive" | "strict"; unique_within?: string; on_unknown?: "hold" | "resend"; metadata?: Record<string, unknown>; idempotency_key?: string; priority?: "bulk" | "normal" | "high"; to: string; variables?: string[] | (Record<string, string>); reference?: string }; answer: Accepted };
  /** One job of up to 10,000,000 messages, as a stream of CSV or NDJSON. */
  uploadJob: { query: { sender: string; "template.name"?: string; "template.language"?: string; "template.components"?: string; "text.body"?: string; "text.preview_url"?: "true" | "false"; category?: "marketing" | "utility" | "authentication" | "service"; send_at?: string; spread?: string; expires_after?: string; finish_by?: string; "quiet_hours.from"?: string; "quiet_hours.to"?: string; "quiet_hours.time_zone"?: string; priority?: "bulk" | "normal" | "high"; validation?: "permissive" | "strict"; unique_within?: string; on_unknown?: "hold" | "resend"; metadata?: string; "columns.to"?: string; "columns.reference"?: string; "columns.variables"?: string; "columns.named"?: "true" | "false" }; headers?: { "idempotency-key"?: string }; body: NonNullable<RequestInit['body']>; answer: Accepted };
  /** Jobs, newest first. */
  listJobs: { query?: { limit?: number; cursor?: string; status?: "accepted" | "scheduled" | "queued" | "sending" | "paused" | "completed" | "canceling" | "canceled" | "expired" | "incomplete"; kind?: "messages" | "contacts" | "templates" | "media"; sender?: string; created_after?: string }; answer: Jobs };
  /** What would become of a bulk job, with nothing kept and nothing sent. */
  planBulk: { body: { sender: string; template?: { name: string; language: string; components?: (Record<string, unknown>)[] }; text?: { body: string; preview_url?: boolean }; category?: "marketing" | "utility" | "authentication" | "service"; send_at?: string; spread?: string; expires_after?: string; finish_by?: string; quiet_hours?: { from: string; to: string; time_zone: string }; validation?: "permissive" | "strict"; unique_within?: string; on_unknown?: "hold" | "resend"; metadata?: Record<string, unknown>; idempotency_key?: string; priority?: "bulk" | "normal" | "high"; messages?: Message[]; audience?: Audience; what_if?: { throughput?: number; messaging_limit?: number | "unlimited"; sender?: string } }; answer: Plan };
  /** One job as it is now. */
  getJob: { params: { id: string }; headers?: { "if-none-match"?: string }; answer: Job };
  /** Changes when and in what order a job goes. */
  changeJob: { params: { id: string }; body: { send_at?: string | null; spread?: string | null; priority?: "high" | "normal" | "bulk" }; answer: Job };
  /** Recipients of a job with their status, by index. */
  listItems: { params: { id: string }; query?: { limit?: number; cursor?: string; status?: "queued" | "sending" | "accepted" | "delivered" | "read" | "failed" | "unknown" | "canceled" | "expired" | "suppressed" }; answer: Items };
  /** Rows of a job that never became items, and why, by index. */
  listRejected: { params: { id: string }; query?: { limit?: number; cursor?: string }; answer: LeftOuts };
  /** The job as it changes, as server-sent events, until it has ended. */
  followJob: { params: { id: string }; headers?: { "last-event-id"?: string }; answer: Response };
  /** Sends no more of a job until it is resumed. */
  pauseJob: { params: { id: string }; body?: Record<string, never>; answer: Controlled };
  /** Sends on. */
  resumeJob: { params: { id: string }; body?: Record<string, never>; answer: Controlled };
  /** Ends a job: what has not left does not leave. */
  cancelJob: { params: { id: string }; body?: Record<string, never>; answer: Canceled };
  /** Tries again what failed, and on request what nobody has heard of. */
  retryJob: { params: { id: string }; body?: { include?: ("failed" | "unknown")[] }; answer: Retried };
  /** Pauses, resumes or cancels the jobs that fit a filter, at most 1,000 in one call. */
  controlJobs: { body: { action: "pause" | "resume" | "cancel"; filter: { sender?: string; status?: "accepted" | "scheduled" | "queued" | "sending" | "paused" | "completed" | "canceling" | "canceled" | "expired" | "incomplete"; kind?: "messages" | "contacts" | "templates" | "media"; created_after?: string } }; answer: ManyControlled };
  /** Senders by id. */
  listSenders: { query?: { limit?: number; cursor?: string }; answer: Senders };
  /** One sender, and what holds its messages. */
  getSender: { params: { id: string }; headers?: { "if-none-match"?: string }; answer: Sender };
  /** Changes a sender. */
  changeSender: { params: { id: string }; headers?: { "if-match"?: string }; body: { throughput?: number; limits?: ({ name: string; count: number; per: string; pace?: "even" | "burst" })[]; paused?: boolean }; answer: Sender };
  /** Live use of every limit of a sender. */
  getSenderLimits: { params: { id: string }; answer: LimitUses };
  /** Portfolios by id. */
  listPortfolios: { query?: { limit?: number; cursor?: string }; answer: Portfolios };
  /** One portfolio. */
  getPortfolio: { params: { id: string }; headers?: { "if-none-match"?: string }; answer: Portfolio };
  /** Changes what all senders of a portfolio share. */
  changePortfolio: { params: { id: string }; headers?: { "if-match"?: string }; body: { messaging_limit?: number | "unlimited"; limits?: ({ name: string; count: number; per: string; pace?: "even" | "burst" })[] }; answer: Portfolio };
  /** One bulk job of up to 10,000 contacts. */
  putContacts: { headers?: { "idempotency-key"?: string }; body: { sender: string; contacts: ContactInput[]; validation?: "permissive" | "strict"; metadata?: Record<string, unknown>; idempotency_key?: string }; answer: Accepted };
  /** Contacts, last changed first. */
  listContacts: { query?: { limit?: number; cursor?: string; tag?: string; updated_after?: string }; answer: Contacts };
  /** One contact. */
  getContact: { params: { id: string }; answer: Contact };
  /** Forgets a contact. */
  forgetContact: { params: { id: string }; answer: Response };
  /** Submits one template to the platform. */
  submitTemplate: { headers?: { "idempotency-key"?: string }; body: { name: string; language: string; category: "marketing" | "utility" | "authentication"; components: (Record<string, unknown>)[]; sender: string; metadata?: Record<string, unknown>; idempotency_key?: string }; answer: Accepted };
  /** Templates of a sender’s account, by name. */
  listTemplates: { query: { limit?: number; cursor?: string; sender: string; name?: string }; answer: Templates };
  /** Uploads one file to the platform. */
  uploadMedia: { headers?: { "idempotency-key"?: string }; body: NonNullable<RequestInit['body']>; answer: Accepted };
  /** Opt-outs, newest first. */
  listSuppressions: { query?: { limit?: number; cursor?: string }; answer: Suppressions };
  /** Sends no more to one number or many. */
  addSuppressions: { body: { to: string | string[]; reason?: string; source?: string; categories?: ("marketing" | "utility" | "authentication" | "service")[] }; answer: SuppressionsAdded };
  /** Takes opt-outs back, by number. */
  removeSuppressions: { body: { to: string | string[] }; answer: SuppressionsRemoved };
  /** One opt-out. */
  getSuppression: { params: { id: string }; answer: Suppression };
  /** Takes one opt-out back. */
  removeSuppression: { params: { id: string }; answer: Response };
  /** Endpoints by id. */
  listWebhooks: { query?: { limit?: number; cursor?: string }; answer: Webhooks };
  /** Adds an endpoint. */
  createWebhook: { body: { url: string; events?: string[]; description?: string }; answer: WebhookWithSecret };
  /** One endpoint. */
  getWebhook: { params: { id: string }; headers?: { "if-none-match"?: string }; answer: Webhook };
  /** Changes an endpoint. */
  changeWebhook: { params: { id: string }; headers?: { "if-match"?: string }; body: { url?: string; events?: string[]; description?: string; enabled?: boolean }; answer: Webhook };
  /** Takes an endpoint away, with what waits for it. */
  removeWebhook: { params: { id: string }; answer: Response };
  /** Makes a new secret. */
  rotateWebhook: { params: { id: string }; body?: { overlap?: string }; answer: WebhookWithSecret };
  /** Sends a webhook.test. */
  testWebhook: { params: { id: string }; answer: WebhookTested };
  /** Sends again: one delivery, or all of a time range. */
  replayWebhook: { params: { id: string }; body: { delivery?: string; from?: string; to?: string }; answer: WebhookReplayed };
  /** The last 1,000 tries, newest first. */
  listDeliveries: { params: { id: string }; query?: { limit?: number; cursor?: string }; answer: Deliveries };
  /** API keys of the same workspace and environment. */
  listKeys: { query?: { limit?: number; cursor?: string }; answer: Keys };
  /** Makes an API key. */
  createKey: { body: { name?: string; environment?: "live" | "staging" | "test"; scopes?: ("*" | "messages:write" | "jobs:read" | "jobs:write" | "contacts:read" | "contacts:write" | "senders:read" | "senders:write" | "templates:read" | "templates:write" | "media:write" | "webhooks:admin" | "keys:admin")[]; expires_at?: string | null }; answer: NewKey };
  /** One API key. */
  getKey: { params: { id: string }; answer: Key };
  /** Revokes an API key everywhere within seconds. */
  revokeKey: { params: { id: string }; answer: Response };
  /** Makes another key like this one, which goes on working for `overlap`. */
  rotateKey: { params: { id: string }; body: { overlap?: string }; answer: NewKey };
  /** How many requests this key may make, and has made. */
  getLimits: { answer: KeyLimits };
  /** The plans that have a name. */
  listPlans: { answer: { data: (Record<string, unknown>)[] } };
  /** Stops all sending within a second. */
  stopSending: { body?: { workspace?: string }; answer: Stopped };
  /** Lets what was stopped go on. */
  startSending: { body?: { workspace?: string }; answer: Stopped };
  /** Who changed what, newest first, 90 days back. */
  listAudit: { query?: { limit?: number; cursor?: string }; answer: { data: AuditEntry[]; has_more: boolean; next_cursor: string | null } };
  /** All workspaces by id. */
  listAllWorkspaces: { query?: { limit?: number; cursor?: string; workspace?: string }; answer: { data: Workspace[]; has_more: boolean; next_cursor: string | null } };
  /** Makes a workspace. */
  createWorkspaceForAny: { body: { id: string; plan?: ("free" | "pro" | "business" | "agency" | "campaigns") | ({ per_second?: number | null; per_minute?: number | null; per_hour?: number | null; per_day?: number | null; routes?: Record<string, { per_second?: number | null; per_minute?: number | null; per_hour?: number | null; per_day?: number | null }>; reset?: "seconds" | "milliseconds" }); opt_out?: { enabled?: boolean; languages?: ("ar" | "de" | "en" | "es" | "fr" | "hi" | "id" | "it" | "nl" | "pl" | "pt" | "ru" | "tr")[]; stop_words?: Record<string, string[]>; start_words?: Record<string, string[]>; categories?: ("marketing" | "utility" | "authentication" | "service")[] } }; answer: Workspace };
  /** One workspace. */
  getAnyWorkspace: { params: { id: string }; answer: Workspace };
  /** Changes a workspace, or disables it. */
  changeAnyWorkspace: { params: { id: string }; body: { plan?: ("free" | "pro" | "business" | "agency" | "campaigns") | ({ per_second?: number | null; per_minute?: number | null; per_hour?: number | null; per_day?: number | null; routes?: Record<string, { per_second?: number | null; per_minute?: number | null; per_hour?: number | null; per_day?: number | null }>; reset?: "seconds" | "milliseconds" }); disabled?: boolean }; answer: Workspace };
  /** All keys by id. */
  listAllKeys: { query?: { limit?: number; cursor?: string; workspace?: string }; answer: { data: AdminKey[]; has_more: boolean; next_cursor: string | null } };
  /** Makes a key. */
  createKeyForAny: { body: { name?: string; environment?: "live" | "staging" | "test"; scopes?: ("*" | "messages:write" | "jobs:read" | "jobs:write" | "contacts:read" | "contacts:write" | "senders:read" | "senders:write" | "templates:read" | "templates:write" | "media:write" | "webhooks:admin" | "keys:admin")[]; expires_at?: string | null; workspace: string }; answer: AdminNewKey };
  /** One key. */
  getAnyKey: { params: { id: string }; answer: AdminKey };
  /** Changes a key, or disables it. */
  changeAnyKey: { params: { id: string }; body: { name?: string; scopes?: ("*" | "messages:write" | "jobs:read" | "jobs:write" | "contacts:read" | "contacts:write" | "senders:read" | "senders:write" | "templates:read" | "templates:write" | "media:write" | "webhooks:admin" | "keys:admin")[]; expires_at?: string | null; disabled?: boolean }; answer: AdminKey };
  /** Revokes a key everywhere within seconds. */
  revokeAnyKey: { params: { id: string }; answer: Response };
  /** All portfolios by id. */
  listAllPortfolios: { query?: { limit?: number; cursor?: string; workspace?: string }; answer: { data: AdminPortfolio[]; has_more: boolean; next_cursor: string | null } };
  /** Makes a portfolio. */
  createPortfolioForAny: { body: { id: string; environment?: "live" | "staging" | "test"; messaging_limit?: number | "unlimited"; limits?: ({ name: string; count: number; per: string; pace?: "even" | "burst" })[]; workspace: string }; answer: AdminPortfolio };
  /** One portfolio. */
  getAnyPortfolio: { params: { id: string }; answer: AdminPortfolio };
  /** Changes a portfolio, or disables it. */
  changeAnyPortfolio: { params: { id: string }; body: { messaging_limit?: number | "unlimited"; limits?: ({ name: string; count: number; per: string; pace?: "even" | "burst" })[]; disabled?: boolean }; answer: AdminPortfolio };
  /** All senders by id. */
  listAllSenders: { query?: { limit?: number; cursor?: string; workspace?: string }; answer: { data: AdminSender[]; has_more: boolean; next_cursor: string | null } };
  /** Makes a sender. */
  createSenderForAny: { body: { id: string; environment?: "live" | "staging" | "test"; platform: "meta"; portfolio?: string; external_id: string; account_id?: string; base_url?: string; access_token: string; app_secret?: string; verify_token?: string; throughput?: number; arrival_bound?: string; limits?: ({ name: string; count: number; per: string; pace?: "even" | "burst" })[]; paused?: boolean; workspace: string }; answer: AdminSender };
  /** One sender. */
  getAnySender: { params: { id: string }; answer: AdminSender };
  /** Changes a sender, or disables it. */
  changeAnySender: { params: { id: string }; body: { throughput?: number; limits?: ({ name: string; count: number; per: string; pace?: "even" | "burst" })[]; paused?: boolean; arrival_bound?: string; access_token?: string; app_secret?: string | null; verify_token?: string | null; disabled?: boolean }; answer: AdminSender };
  /** Records of the log that nobody could read, newest first. */
  listDeadLetters: { query?: { limit?: number; cursor?: string }; answer: { data: DeadLetter[]; has_more: boolean; next_cursor: string | null } };
  /** One such record with what it says. */
  getDeadLetter: { params: { position: string }; answer: { position: string; at: string; topic: string; key: string; reason: string; bytes: number; headers: Record<string, string>; replayable: boolean; value: string } };
  /** Puts a record into its topic again. */
  replayDeadLetter: { params: { position: string }; answer: DeadLetter };
  /** What this is, and where to look. */
  getRoot: { answer: { name: string; links: Record<string, string> } };
  /** Whether this process lives. */
  getHealth: { answer: { status: "ok" } };
  /** Whether what this process needs answers. */
  getReadiness: { answer: Readiness };
  /** Metrics as Prometheus reads them. */
  getMetrics: { answer: Response };
  /** This description, OpenAPI 3.1. */
  getOpenApi: { answer: Record<string, unknown> };
  /** This description as a page. */
  getDocs: { answer: Response };
  /** The handshake of a platform. */
  proveHook: { params: { platform: string; sender: string }; query?: { "hub.mode"?: string; "hub.verify_token"?: string; "hub.challenge"?: string }; answer: Response };
  /** What a platform says by itself: receipts, messages of people, changes of accounts. */
  takeHook: { params: { platform: string; sender: string }; headers?: { "x-hub-signature-256"?: string }; body: Record<string, unknown>; answer: { received: true } };
}

export const ROUTES = {
  sendBulk: 'POST /v1/messages/bulk',
  sendOne: 'POST /v1/messages',
  uploadJob: 'POST /v1/jobs',
  listJobs: 'GET /v1/jobs',
  planBulk: 'POST /v1/jobs/plan',
  getJob: 'GET /v1/jobs/{id}',
  changeJob: 'PATCH /v1/jobs/{id}',
  listItems: 'GET /v1/jobs/{id}/items',
  listRejected: 'GET /v1/jobs/{id}/rejected',
  followJob: 'GET /v1/jobs/{id}/events',
  pauseJob: 'POST /v1/jobs/{id}/pause',
  resumeJob: 'POST /v1/jobs/{id}/resume',
  cancelJob: 'POST /v1/jobs/{id}/cancel',
  retryJob: 'POST /v1/jobs/{id}/retry',
  controlJobs: 'POST /v1/jobs/control',
  listSenders: 'GET /v1/senders',
  getSender: 'GET /v1/senders/{id}',
  changeSender: 'PATCH /v1/senders/{id}',
  getSenderLimits: 'GET /v1/senders/{id}/limits',
  listPortfolios: 'GET /v1/portfolios',
  getPortfolio: 'GET /v1/portfolios/{id}',
  changePortfolio: 'PATCH /v1/portfolios/{id}',
  putContacts: 'POST /v1/contacts/bulk',
  listContacts: 'GET /v1/contacts',
  getContact: 'GET /v1/contacts/{id}',
  forgetContact: 'DELETE /v1/contacts/{id}',
  submitTemplate: 'POST /v1/templates',
  listTemplates: 'GET /v1/templates',
  uploadMedia: 'POST /v1/media',
  listSuppressions: 'GET /v1/suppressions',
  addSuppressions: 'POST /v1/suppressions',
  removeSuppressions: 'DELETE /v1/suppressions',
  getSuppression: 'GET /v1/suppressions/{id}',
  removeSuppression: 'DELETE /v1/suppressions/{id}',
  listWebhooks: 'GET /v1/webhooks',
  createWebhook: 'POST /v1/webhooks',
  getWebhook: 'GET /v1/webhooks/{id}',
  changeWebhook: 'PATCH /v1/webhooks/{id}',
  removeWebhook: 'DELETE /v1/webhooks/{id}',
  rotateWebhook: 'POST /v1/webhooks/{id}/rotate',
  testWebhook: 'POST /v1/webhooks/{id}/test',
  replayWebhook: 'POST /v1/webhooks/{id}/replay',
  listDeliveries: 'GET /v1/webhooks/{id}/deliveries',
  listKeys: 'GET /v1/keys',
  createKey: 'POST /v1/keys',
  getKey: 'GET /v1/keys/{id}',
  revokeKey: 'DELETE /v1/keys/{id}',
  rotateKey: 'POST /v1/keys/{id}/rotate',
  getLimits: 'GET /v1/limits',
  listPlans: 'GET /v1/admin/plans',
  stopSending: 'POST /v1/admin/stop',
  startSending: 'POST /v1/admin/start',
  listAudit: 'GET /v1/admin/audit',
  listAllWorkspaces: 'GET /v1/admin/workspaces',
  createWorkspaceForAny: 'POST /v1/admin/workspaces',
  getAnyWorkspace: 'GET /v1/admin/workspaces/{id}',
  changeAnyWorkspace: 'PATCH /v1/admin/workspaces/{id}',
  listAllKeys: 'GET /v1/admin/keys',
  createKeyForAny: 'POST /v1/admin/keys',
  getAnyKey: 'GET /v1/admin/keys/{id}',
  changeAnyKey: 'PATCH /v1/admin/keys/{id}',
  revokeAnyKey: 'DELETE /v1/admin/keys/{id}',
  listAllPortfolios: 'GET /v1/admin/portfolios',
  createPortfolioForAny: 'POST /v1/admin/portfolios',
  getAnyPortfolio: 'GET /v1/admin/portfolios/{id}',
  changeAnyPortfolio: 'PATCH /v1/admin/portfolios/{id}',
  listAllSenders: 'GET /v1/admin/senders',
  createSenderForAny: 'POST /v1/admin/senders',
  getAnySender: 'GET /v1/admin/senders/{id}',
  changeAnySender: 'PATCH /v1/admin/senders/{id}',
  listDeadLetters: 'GET /v1/admin/dead',
  getDeadLetter: 'GET /v1/admin/dead/{position}',
  replayDeadLetter: 'POST /v1/admin/dead/{position}/replay',
  getRoot: 'GET /',
  getHealth: 'GET /healthz',
  getReadiness: 'GET /readyz',
  getMetrics: 'GET /metrics',
  getOpenApi: 'GET /openapi.json',
  getDocs: 'GET /docs',
  proveHook: 'GET /hooks/{platform}/{sender}',
  takeHook: 'POST /hooks/{platform}/{sender}',
} as const;
