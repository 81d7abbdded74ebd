/** The binary frame that carries what the room sounds like (docs/wire-protocol.md, little endian). */

const MAGIC = 0x4a564941; // "AIVJ" read as a little-endian u32
const HEADER_BYTES = 32;
const KIND_AUDIO = 1;

export const AUDIO_FRAME_VERSION = 1;

export interface AudioFrame {
  /** Linear gain that the daemon applied to the waveform. */
  gain: number;
  /** Index just after the last sample; exact up to 2^53. */
  sample: number;
  /** Daemon clock at that moment, ms. */
  atMs: number;
  /** Waveforms, 128 is zero; views into the frame, W long. */
  left: Uint8Array;
  right: Uint8Array;
  /** B log-spaced bands, 0 to 255 for -80 to 0 dB. */
  spectrum: Uint8Array;
}

/**
 * Decode one binary frame without copying.
 *
 * @throws Error when magic, version, kind or length is not what the header promises.
 */
export function decodeAudioFrame(buffer: ArrayBuffer): AudioFrame {
  if (buffer.byteLength < HEADER_BYTES) {
    throw new Error(`audio frame of ${buffer.byteLength} bytes is shorter than its header`);
  }
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("binary frame does not begin with AIVJ");
  const version = view.getUint8(4);
  if (version !== AUDIO_FRAME_VERSION) {
    throw new Error(`audio frame version ${version} is unknown; reload the page`);
  }
  const kind = view.getUint8(5);
  if (kind !== KIND_AUDIO) throw new Error(`binary frame of unknown kind ${kind}`);
  const bands = view.getUint16(6, true);
  const width = view.getUint32(8, true);
  const expected = HEADER_BYTES + 2 * width + bands;
  if (buffer.byteLength !== expected) {
    throw new Error(`audio frame has ${buffer.byteLength} bytes where its header promises ${expected}`);
  }
  return {
    gain: view.getFloat32(12, true),
    sample: Number(view.getBigUint64(16, true)),
    atMs: view.getFloat64(24, true),
    left: new Uint8Array(buffer, HEADER_BYTES, width),
    right: new Uint8Array(buffer, HEADER_BYTES + width, width),
    spectrum: new Uint8Array(buffer, HEADER_BYTES + 2 * width, bands),
  };
}
