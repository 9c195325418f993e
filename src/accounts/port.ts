// What other rooms ask of the accounts: who a key belongs to, and what a sender is. Answered from memory, refreshed within a second of a change.
import type {
  KeyAccount,
  PortfolioAccount,
  SenderAccount,
  WebhookAccount,
  WorkspaceAccount,
} from '../contract/account.ts';
import type { Environment } from '../contract/environment.ts';
import type { EventType } from '../contract/event.ts';
import type { OptOutSettings } from '../contract/opt-out.ts';
import type { Plan } from '../contract/plan.ts';

export interface Principal {
  key: string;
  workspace: string;
  environment: Environment;
  scopes: string[];
}

/** Whose objects: a key sees those of its own workspace and environment only. */
export type Owner = Pick<Principal, 'workspace' | 'environment'>;

export interface Sender extends Omit<SenderAccount, 'portfolio'> {
  workspace: string;
  portfolio: PortfolioAccount | undefined;
  /** The senders that share limits: `p:<portfolio>`, or `s:<sender>` alone. One Redis hash tag. */
  home: string;
  /** Vanished from the accounts file, or disabled by hand: what waits for it is held. */
  disabled: boolean;
  /** An operator has stopped the sending: of whom. */
  stopped: string | undefined;
}

/** One whose account at the platform is known. */
export type SenderWithAccount = Sender & { account_id: string };
export const hasAccount = (sender: Sender): sender is SenderWithAccount => sender.account_id !== undefined;

export interface Portfolio extends PortfolioAccount {
  workspace: string;
  disabled: boolean;
}

export interface Key extends KeyAccount {
  workspace: string;
  /** It stands in the accounts file. */
  fromFile: boolean;
  /** Revoked, or vanished from the file. */
  disabled: boolean;
}

export interface Workspace extends WorkspaceAccount {
  disabled: boolean;
  /** An operator has stopped its sending. */
  stopped: boolean;
}

/** All accounts of the installation, for its operator. */
export interface Installation {
  stopped: boolean;
  workspaces: ReadonlyMap<string, Workspace>;
  keys: ReadonlyMap<string, Key>;
  portfolios: ReadonlyMap<string, Portfolio>;
  senders: ReadonlyMap<string, Sender>;
}

/** A customer's webhook. Its secrets are here in clear, and go nowhere but into signatures. */
export interface Endpoint extends WebhookAccount {
  id: string;
  workspace: string;
  /** It stands in the accounts file, and only there it can be taken away. */
  fromFile: boolean;
}

export interface Accounts {
  /** Who presents this secret; undefined when nobody. */
  authenticate(secret: string): Principal | undefined;
  /** How many requests each key of a workspace may make. */
  plan(workspace: string): Plan;
  /** How a workspace reads the answers of its people. */
  optOut(workspace: string): OptOutSettings;
  sender(id: string): Sender | undefined;
  /** Senders of one home. */
  sendersOf(home: string): Sender[];
  /** Senders that a platform knows by this id; ids there are unique, but nobody vouches for an accounts file. */
  sendersKnownAs(platform: string, externalId: string): Sender[];
  /** By id. */
  senders(owner: Owner): Sender[];
  portfolios(owner: Owner): Portfolio[];
  /** By id. */
  endpoints(owner: Owner): Endpoint[];
  endpoint(id: string): Endpoint | undefined;
  /** Every endpoint of the installation. */
  allEndpoints(): Endpoint[];
  /** Whether any endpoint wants such events. */
  wants(owner: Owner, type: EventType): boolean;
  /** Letters of what the customers of a home want to be told (contract/event.ts); '' = nothing. */
  toldOf(home: string): string;
  keys(owner: Owner): Key[];
  installation(): Installation;
  /** Every home, with its workspace and environment. */
  homes(): { home: string; workspace: string; environment: Environment }[];
}
