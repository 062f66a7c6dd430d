/**
 * WebSocket frames on the wire (RFC 6455, section 5), as far as somebody needs them who stands in the middle: where one
 * ends and the next begins, what a text says, and frames of one's own making.
 */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Frame = {
  readonly opcode: number;
  /** As it came, header and all. */
  readonly bytes: Uint8Array;
  /** Unmasked; nothing is unmasked that nobody asks for. */
  readonly payload: () => Buffer;
};

/** Cuts a stream of bytes into whole frames. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns those that are whole by now */
  take(bytes: Uint8Array): Frame[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    for (let length = lengthOf(this.#rest); length !== undefined; length = lengthOf(this.#rest)) {
      if (length > this.#rest.length) break;
      frames.push(frameOf(this.#rest.subarray(0, length)));
      this.#rest = this.#rest.subarray(length);
    }
    return frames;
  }
}

/** Of the frame that begins here, header and all; undefined: its header is not whole. */
function lengthOf(bytes: Buffer): number | undefined {
  const head = headOf(bytes);
  return head === undefined ? undefined : head.bytes + head.payloadBytes;
}

type Head = { readonly bytes: number; readonly payloadBytes: number; readonly isMasked: boolean };

function headOf(bytes: Buffer): Head | undefined {
  const second = bytes[1];
  if (second === undefined) return undefined;
  const isMasked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + extended) return undefined;
  const payloadBytes =
    extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { bytes: 2 + extended + (isMasked ? 4 : 0), payloadBytes, isMasked };
}

function frameOf(bytes: Buffer): Frame {
  const head = headOf(bytes);
  const payload = (): Buffer => {
    if (head === undefined) return Buffer.alloc(0);
    const body = Buffer.from(bytes.subarray(head.bytes));
    if (!head.isMasked) return body;
    const key = bytes.subarray(head.bytes - 4, head.bytes);
    return Buffer.from(body.map((byte, at) => byte ^ (key[at % 4] ?? 0)));
  };
  return { opcode: (bytes[0] ?? 0) & 0x0f, bytes, payload };
}

/** @param isMasked as a client's must be; the key is 0, which is one like any other */
export function makeFrame(opcode: number, payload: Uint8Array, isMasked: boolean): Uint8Array {
  const { length } = payload;
  const mask = isMasked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, mask | length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, mask | 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, mask | 127]), longOf(length)]);
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), payload]);
}

function longOf(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

export function makeClose(code: number, reason: string, isMasked: boolean): Uint8Array {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  return makeFrame(OPCODE.close, payload, isMasked);
}

export const makeText = (text: string, isMasked: boolean): Uint8Array =>
  makeFrame(OPCODE.text, Buffer.from(text), isMasked);
