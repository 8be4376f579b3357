// `host:port` as the file, flags and messages spell it; IPv6 in brackets.

export interface ListenAddress {
  /** Without brackets. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** `127.0.0.1:20128`, `[::1]:0`, `:8080` or `8080` (host from `fallbackHost`); undefined when it is none of these. */
export function parseListenAddress(text: string, fallbackHost = '127.0.0.1'): ListenAddress | undefined {
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || fallbackHost), port };
}

/** The base URL that reaches it; an address that stands for all of the machine is reached by loopback. */
export function renderListenUrl({ host, port }: ListenAddress): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
