// A tool that the other side does not have. It may be left out while others are left to choose from; else the request
// would mean something different.
import { refuse } from './loss.ts';
import type { LossReport } from './loss.ts';
import type { ModelRequest } from './request.ts';
import type { Tool } from './tools.ts';

/** Throws GatewayError `unsupported_feature` for the tool that must be called, and for the only one. */
export function dropTool(
  tool: Tool,
  at: string,
  { tools, toolChoice }: Pick<ModelRequest, 'tools' | 'toolChoice'>,
  loss: LossReport,
  reason: string,
): undefined {
  if (toolChoice?.kind === 'tool' && toolChoice.name === tool.name) refuse(at, reason);
  if (tools.length === 1) refuse(at, `${reason}, and it is the only tool`);
  loss.add(at, reason);
}
