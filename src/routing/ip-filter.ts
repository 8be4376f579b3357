// Which client addresses are served: bans of the moment, then `network.ipFilter`. Loopback always is, so that operators
// cannot lock themselves out.
import { parseAddress, parseAddressRange, type Address, type AddressRange } from '../lib/address.ts';
import type { Snapshot } from './snapshot.ts';
import type { MutableWorld } from './world/world.ts';

type Access = Snapshot['access'];

/** `address`: the client's, as `findAddress` answered it. `now`: epoch milliseconds. */
export function isAdmitted(
  address: string,
  { ipFilter }: Access,
  world: Pick<MutableWorld, 'ban'>,
  now: number,
): boolean {
  const { mode } = ipFilter;
  if (mode === 'off') return world.ban(address, now) === undefined || isLoopback(parseAddress(address));
  const filter = compile(ipFilter);
  let verdict = filter.verdicts.get(address);
  if (verdict === undefined) {
    verdict = judge(parseAddress(address), filter);
    // Addresses come from outside: the memory must not grow with them.
    if (filter.verdicts.size >= 4096) filter.verdicts.clear();
    filter.verdicts.set(address, verdict);
  }
  return verdict === 'always' || (verdict === 'yes' && world.ban(address, now) === undefined);
}

type Verdict = 'always' | 'yes' | 'no';

interface Filter {
  readonly mode: Access['ipFilter']['mode'];
  readonly blacklist: readonly AddressRange[];
  readonly whitelist: readonly AddressRange[];
  /** A list may hold thousands of ranges, and one client sends many requests. */
  readonly verdicts: Map<string, Verdict>;
}

function judge(address: Address | undefined, { mode, blacklist, whitelist }: Filter): Verdict {
  if (address === undefined) return 'no';
  if (isLoopback(address)) return 'always';
  const listed = (ranges: readonly AddressRange[]): boolean =>
    ranges.some((range) => range.contains(address));
  switch (mode) {
    case 'whitelist':
      return listed(whitelist) ? 'yes' : 'no';
    case 'whitelist-priority':
      return listed(whitelist) || !listed(blacklist) ? 'yes' : 'no';
    default:
      return listed(blacklist) ? 'no' : 'yes';
  }
}

const loopback: readonly AddressRange[] = ['127.0.0.0/8', '::1'].map(readRange);

function isLoopback(address: Address | undefined): boolean {
  return address !== undefined && loopback.some((range) => range.contains(address));
}

// Compiled once per snapshot: a reload brings a new object, and the old ranges go with the old one.
const compiled = new WeakMap<Access['ipFilter'], Filter>();

function compile(settings: Access['ipFilter']): Filter {
  let filter = compiled.get(settings);
  if (!filter) {
    const { mode, blacklist, whitelist } = settings;
    filter = {
      mode,
      blacklist: blacklist.map(readRange),
      whitelist: whitelist.map(readRange),
      verdicts: new Map(),
    };
    compiled.set(settings, filter);
  }
  return filter;
}

// The checks of the configuration have refused what is no range; a filter with a hole in it must never serve.
function readRange(text: string): AddressRange {
  const range = parseAddressRange(text);
  if (!range) throw new Error(`address range "${text}" was not checked`);
  return range;
}
