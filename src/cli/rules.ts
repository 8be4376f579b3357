// Every diagnostic code that this program can answer with, as one list: what reports document and explain-code knows.
import { documentChecks } from '../config/checks/index.ts';
import { loadRules } from '../config/rules.ts';
import { serverRules } from '../server/rules.ts';
import { forbiddenRules } from '../control/forbidden.ts';
import type { DiagnosticRule } from '../diagnostics/rule.ts';
import { routingChecks } from '../routing/checks/index.ts';
import { compileRules } from '../routing/compile/rules.ts';
import { cliRules } from './failure.ts';

export const diagnosticRules: readonly DiagnosticRule[] = [
  ...loadRules,
  ...documentChecks,
  ...routingChecks,
  ...Object.entries(compileRules).map(([code, rule]) => ({ code, ...rule })),
  ...forbiddenRules,
  ...serverRules,
  ...cliRules,
];
