// The public surface, and the only barrel: what a program that embeds the gateway may rely on.

// --- a gateway from a file, as `omniroute start` runs it ---
export { bootGateway } from './server/boot.ts';
export type { BootedGateway, BootOptions } from './server/boot.ts';
export { createLogs } from './observability/logs.ts';
export type { Logs, LogsOptions } from './observability/logs.ts';

// --- a gateway from parts, without a socket or with one ---
export { createGateway, createServer } from './server/compose.ts';
export type { GatewayParts, RunningGateway, RunningServer, ServerOptions } from './server/compose.ts';
export { createSnapshotRef } from './routing/snapshot.ts';
export type { Snapshot, SnapshotRef } from './routing/snapshot.ts';
export type { Ledger, SecretReader, TokenCounts, UsageRow } from './routing/ports.ts';

// --- the line from text to a decision ---
export { loadConfig } from './config/load.ts';
export type { LoadOptions, LoadResult } from './config/load.ts';
export { catalog } from './catalog/catalog.ts';
export type { Catalog } from './catalog/catalog.ts';
export { compile } from './routing/compile.ts';
export type { CompileInput, CompileResult } from './routing/compile.ts';
export { decide } from './routing/decide.ts';
export type { DecideInput } from './routing/decide.ts';
export { next } from './routing/next.ts';
export { explain } from './routing/explain.ts';
export type { Explanation } from './routing/explain.ts';
export { createWorld } from './routing/world/memory.ts';
export type { Attempt, Decision, Outcome, Reason, Refusal, RoutePlan, Step } from './routing/decision.ts';
export type { Facts, Principal } from './routing/facts.ts';

// --- faults ---
export { errorTable, GatewayError, isGatewayError } from './errors.ts';
export type { ErrorCode, UpstreamFailure } from './errors.ts';
export { compareDiagnostics, hasErrors, renderPosition } from './diagnostics.ts';
export type { Diagnostic, SourcePosition } from './diagnostics.ts';
