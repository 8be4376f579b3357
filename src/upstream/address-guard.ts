// Which addresses a connection may lead to. The check sits inside the lookup of the connection itself, so that a DNS
// answer that changes after somebody looked cannot lead anywhere else (rebinding).
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { classifyAddress } from '../lib/address-kind.ts';

/** `public`: the internet only. `private`: also loopback and private networks. What is forbidden is so in both. */
export type Reach = 'public' | 'private';

/** A connection that may not be made. The message names no address: clients may read it. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';
  /** For the log and the audit, never for a client. */
  readonly address: string;

  constructor(address: string) {
    super('The address lies in a network that this call may not reach.');
    this.address = address;
  }
}

export function mayReach(address: string, reach: Reach): boolean {
  const kind = classifyAddress(address);
  return kind === 'public' || (kind === 'private' && reach === 'private');
}

/** As node:dns; tests script it. */
export type ResolveHost = (
  host: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/**
 * A lookup for a socket that refuses a name as soon as one of its addresses is out of reach: a mixed answer is how
 * rebinding begins.
 */
export function createGuardedLookup(reach: Reach, resolve: ResolveHost = systemLookup): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '', 0);
        return;
      }
      const refused = addresses.find(({ address }) => !mayReach(address, reach));
      const [first] = addresses;
      if (refused || !first) callback(new AddressRefusedError(refused?.address ?? host), '', 0);
      else if (options.all) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}

/** For hosts that are addresses already: no lookup will see them. Throws AddressRefusedError. */
export function checkHost(host: string, reach: Reach): void {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0 && !mayReach(bare, reach)) throw new AddressRefusedError(bare);
}

/** The refusal behind what a client of undici was told. */
export function findRefusal(error: unknown): AddressRefusedError | undefined {
  if (error instanceof AddressRefusedError) return error;
  if (error instanceof AggregateError) return error.errors.map(findRefusal).find((found) => found);
  return error instanceof Error && error.cause !== undefined ? findRefusal(error.cause) : undefined;
}
