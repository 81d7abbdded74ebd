/** As much of RFC 6455 as the mock daemon needs: text in, text and binary out, close. */

import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Complete the handshake on an `upgrade` event of a node HTTP server.
 *
 * @param onMessage called with each text frame
 * @returns {{send(data: string | Buffer): void, close(): void, readonly open: boolean, buffered: number}}
 */
export function accept(request, socket, { onMessage, onClose }) {
  const key = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${key}`];
  if (offered.includes("aivj.v1")) lines.push("Sec-WebSocket-Protocol: aivj.v1");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  let open = true;
  let pending = Buffer.alloc(0);
  const end = () => {
    if (open) {
      open = false;
      onClose();
    }
  };
  socket.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const frame = readFrame(pending);
      if (frame === null) return;
      pending = pending.subarray(frame.length);
      if (frame.opcode === 1) onMessage(frame.payload.toString());
      else if (frame.opcode === 8) socket.end();
    }
  });
  socket.on("close", end);
  socket.on("error", end);
  return {
    send(data) {
      if (open) socket.write(writeFrame(typeof data === "string" ? 1 : 2, Buffer.from(data)));
    },
    close() {
      socket.destroy();
    },
    get open() {
      return open;
    },
    get buffered() {
      return socket.writableLength;
    },
  };
}

function readFrame(bytes) {
  if (bytes.length < 6) return null;
  let size = bytes[1] & 127;
  let at = 2;
  if (size === 126) {
    size = bytes.readUInt16BE(2);
    at = 4;
  }
  if (bytes.length < at + 4 + size) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + size));
  for (let i = 0; i < size; i++) payload[i] ^= mask[i & 3];
  return { opcode: bytes[0] & 15, payload, length: at + 4 + size };
}

function writeFrame(opcode, payload) {
  const header =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : payload.length < 65536
        ? Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(payload.length).buffer).reverse()]);
  return Buffer.concat([header, payload]);
}
