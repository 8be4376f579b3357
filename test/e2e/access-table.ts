// Who may do what, written by hand: one block per time, address and wire; one line per key; one cell per model.
//
//   ok  served                      no  no key was sent              ??  a key that nobody declared
//   off switched off                old past its expiry              hrs outside its hours
//   key not a model of this key     pol a policy says no             ip  the address is not served
//   404 no such name
//
// The rules: `ci` may ask for coding and fast, `lab` for lab/*, `none` for nothing; `seat` may use the accounts
// l?b@* only; `night` works 22:00-06:00 in Berlin; `web` (by its tag) may only use the provider lab. At night lab is
// closed; from far away the provider sandbox is blocked; `fast` is not for Messages clients.
// coding = sandbox/echo, then lab/echo. fast = sandbox/echo.

export const models = ['coding', 'fast', 'sandbox/echo', 'lab/echo', 'nothing/here'] as const;

export const accessTable = `
day home chat
  ci     ok   ok   key  key  404
  lab    key  key  key  ok   404
  none   key  key  key  key  404
  seat   ok   key  key  ok   404
  night  hrs  hrs  hrs  hrs  hrs
  web    ok   pol  pol  ok   404
  root   ok   ok   ok   ok   404
  old    old  old  old  old  old
  off    off  off  off  off  off
  -      no   no   no   no   no
  ?      ??   ??   ??   ??   ??

night home chat
  ci     ok   ok   key  key  404
  lab    key  key  key  pol  404
  none   key  key  key  key  404
  seat   pol  key  key  pol  404
  night  ok   ok   ok   pol  404
  web    pol  pol  pol  pol  404
  root   ok   ok   ok   pol  404
  old    old  old  old  old  old
  off    off  off  off  off  off
  -      no   no   no   no   no
  ?      ??   ??   ??   ??   ??

day far chat
  ci     ok   pol  key  key  404
  lab    key  key  key  ok   404
  none   key  key  key  key  404
  seat   ok   pol  pol  ok   404
  night  hrs  hrs  hrs  hrs  hrs
  web    ok   pol  pol  ok   404
  root   ok   pol  pol  ok   404
  old    old  old  old  old  old
  off    off  off  off  off  off
  -      no   no   no   no   no
  ?      ??   ??   ??   ??   ??

day home messages
  ci     ok   pol  key  key  404
  lab    key  key  key  ok   404
  none   key  key  key  key  404
  seat   ok   pol  key  ok   404
  night  hrs  hrs  hrs  hrs  hrs
  web    ok   pol  pol  ok   404
  root   ok   pol  ok   ok   404
  old    old  old  old  old  old
  off    off  off  off  off  off
  -      no   no   no   no   no
  ?      ??   ??   ??   ??   ??

night far messages
  ci     pol  pol  key  key  404
  lab    key  key  key  pol  404
  none   key  key  key  key  404
  seat   pol  pol  pol  pol  404
  night  pol  pol  pol  pol  404
  web    pol  pol  pol  pol  404
  root   pol  pol  pol  pol  404
  old    old  old  old  old  old
  off    off  off  off  off  off
  -      no   no   no   no   no
  ?      ??   ??   ??   ??   ??

day banned chat
  ci     ip   ip   ip   ip   ip
  root   ip   ip   ip   ip   ip
  old    ip   ip   ip   ip   ip
  -      ip   ip   ip   ip   ip
  ?      ip   ip   ip   ip   ip

night banned6 messages
  ci     ip   ip   ip   ip   ip
  root   ip   ip   ip   ip   ip
  -      ip   ip   ip   ip   ip
  ?      ip   ip   ip   ip   ip

day loopback chat
  ci     ok   ok   key  key  404
  seat   ok   key  key  ok   404
  root   ok   ok   ok   ok   404
  -      no   no   no   no   no
  ?      ??   ??   ??   ??   ??

day home6 messages
  ci     ok   pol  key  key  404
  lab    key  key  key  ok   404
  root   ok   pol  ok   ok   404
  ?      ??   ??   ??   ??   ??
`;

export interface AccessRow {
  readonly time: string;
  readonly from: string;
  readonly wire: string;
  readonly key: string;
  readonly model: string;
  readonly expected: string;
}

export function readAccessTable(text = accessTable): readonly AccessRow[] {
  return text
    .trim()
    .split(/\n\n/)
    .flatMap((block) => {
      const [head = '', ...lines] = block.split('\n');
      const [time = '', from = '', wire = ''] = head.split(' ');
      return lines.flatMap((line) => {
        const [key = '', ...cells] = line.trim().split(/\s+/);
        if (cells.length !== models.length) throw new Error(`a line of ${cells.length} cells: ${line}`);
        return cells.map((expected, at) => ({ time, from, wire, key, model: models[at] ?? '', expected }));
      });
    });
}
