// One small call to an upstream beside the line of a chat: its whole answer, within a time, while the client waits.
import type { UpstreamFailure } from '../errors.ts';
import { utf8 } from '../lib/bytes.ts';
import type { RawHeaders } from '../protocols/protocol.ts';
import type { UpstreamRequest } from '../upstream/transport.ts';
import type { Gateway } from './gateway.ts';
import type { Responder } from './responder.ts';

export interface WholeAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  /** Cut at 64 KiB. */
  readonly text: string;
}

/** Bytes of an answer that are read. */
const answerBytes = 64 * 1024;

/** `patience`: milliseconds for all of it. `gone`: the client. */
export function callOnce(
  { transport, timers }: Gateway,
  request: UpstreamRequest,
  responder: Responder,
  patience: number,
): Promise<WholeAnswer | UpstreamFailure | 'gone'> {
  return new Promise((resolve) => {
    let status = 0;
    let headers: RawHeaders = {};
    let size = 0;
    const chunks: Uint8Array[] = [];
    const finish = (answer: WholeAnswer | UpstreamFailure | 'gone'): void => {
      cancel();
      resolve(answer);
    };
    const cancel = timers.after(patience, () => {
      call.abort();
      finish({ class: 'timeout', message: 'The upstream took too long.' });
    });
    const call = transport.send(request, {
      onHead: (code, received) => {
        status = code;
        headers = received;
      },
      onData: (chunk) => {
        if (size < answerBytes) chunks.push(chunk);
        size += chunk.length;
        return true;
      },
      onEnd: () => finish({ status, headers, text: utf8(Buffer.concat(chunks)) }),
      onFailure: finish,
    });
    responder.onClose(() => {
      call.abort();
      finish('gone');
    });
  });
}
