// Everything that the stages need from outside, wired once by server/compose.ts and injected by tests.
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Timers } from '../lib/timers.ts';
import type { RequestEvent } from '../observability/request-event.ts';
import type { Ledger, SecretReader, TokenCounts } from '../routing/ports.ts';
import type { SnapshotRef, TokenPrices } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';
import type { ResponseStore } from '../state/responses.ts';
import type { OutwardAnswer, OutwardOptions } from '../upstream/outward.ts';
import type { Transport } from '../upstream/transport.ts';
import type { CallProofStore } from './call-proofs.ts';
import type { AttemptRecord } from './exchange.ts';
import type { Deadlines } from './deadlines.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ProofIssuers } from './proofs.ts';
import type { TokenCounter } from './tokens/counter.ts';
import type { BudgetNotice } from '../routing/budgets.ts';
import type { Slots } from '../routing/slots.ts';

export interface Gateway {
  readonly snapshots: SnapshotRef;
  readonly world: MutableWorld;
  readonly transport: Transport;
  readonly secrets: SecretReader;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly deadlines: Deadlines;
  readonly lifecycle: Lifecycle;
  /** Counts tokens where no provider does. */
  readonly tokens: TokenCounter;
  /** Places for calls, where the configuration bounds them. */
  readonly slots: Slots;
  /** Answers that clients may come back to. */
  readonly responses: ResponseStore;
  /** Who issued which proof of reasoning. */
  readonly proofs: ProofIssuers;
  /** Proofs by the calls that they came with. */
  readonly callProofs: CallProofStore;
  /** One request to a URL that a client named. */
  fetchOutside(url: string, options: OutwardOptions): Promise<OutwardAnswer>;
  /** Nano-USD of one answer, null when a price that is needed is unknown. `at`: epoch milliseconds. */
  price(prices: TokenPrices | undefined, tokens: TokenCounts, at: number): number | null;
  /** Called once per settled call, for logs and metrics; absent where nobody wants to know. Must not throw. */
  readonly observe?: (event: RequestEvent, calls: readonly AttemptRecord[]) => void;
  /** A budget has reached the share at which operators want to know; once per period. Must not throw. */
  readonly onBudget?: (notice: BudgetNotice) => void;
  /** A fault of the gateway itself, with its stack; the client only sees the request id. */
  report(error: unknown, requestId: string): void;
  /** What operators may see under /healthz. */
  health(): Readonly<Record<string, unknown>>;
}
