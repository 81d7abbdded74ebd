/**
 * Presets are other people's programs. Only raw EEL (`*_eqs_eel`), which butterchurn compiles to
 * WebAssembly, is let in; anything that carries JavaScript equations (`*_eqs_str`) is refused.
 */

export interface PresetPart {
  baseVals: Record<string, number>;
  [field: string]: unknown;
}

export interface Preset {
  version?: number;
  baseVals: Record<string, number>;
  shapes: PresetPart[];
  waves: PresetPart[];
  init_eqs_eel: string;
  frame_eqs_eel: string;
  pixel_eqs_eel: string;
  warp: string;
  comp: string;
}

/** A preset that cannot be used; the message says why. */
export class PresetError extends Error {
  override name = "PresetError";
}

/** butterchurn addresses four shapes and four waves whether a preset has them or not. */
const PARTS = 4;
const LARGEST_BYTES = 2_000_000;

/**
 * Check a parsed preset and keep only what the renderer is meant to see.
 *
 * @throws PresetError when a part is missing, of the wrong kind, or carries JavaScript.
 */
export function validatePreset(value: unknown): Preset {
  if (!isRecord(value)) throw new PresetError("is not a JSON object");
  const script = findScript(value, "");
  if (script !== null) {
    throw new PresetError(`carries JavaScript equations (${script}); convert it to raw EEL (*_eqs_eel)`);
  }
  if (typeof value["init_eqs_eel"] !== "string") throw new PresetError("has no raw EEL equations (init_eqs_eel)");
  const preset: Preset = {
    baseVals: numbers(value["baseVals"], "baseVals"),
    shapes: parts(value["shapes"], "shapes", ["init_eqs_eel", "frame_eqs_eel"]),
    waves: parts(value["waves"], "waves", ["init_eqs_eel", "frame_eqs_eel", "point_eqs_eel"]),
    init_eqs_eel: text(value, "init_eqs_eel"),
    frame_eqs_eel: text(value, "frame_eqs_eel"),
    pixel_eqs_eel: text(value, "pixel_eqs_eel"),
    warp: text(value, "warp"),
    comp: text(value, "comp"),
  };
  if (typeof value["version"] === "number") preset.version = value["version"];
  return preset;
}

/**
 * Fetch and check a preset.
 *
 * @param token sent as a bearer token when the daemon asks for one; "" otherwise.
 * @throws PresetError when it cannot be had or used; AbortError when `signal` ends it.
 */
export async function fetchPreset(url: string, token: string, signal: AbortSignal): Promise<Preset> {
  // Same origin only: a pack must not make the audience's browsers call elsewhere.
  const address = new URL(url, location.origin);
  if (address.origin !== location.origin) throw new PresetError(`lies at a foreign address (${address.origin})`);
  const response = await fetch(address, {
    signal,
    headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new PresetError(`cannot be fetched: HTTP ${response.status}`);
  const body = await response.text();
  if (body.length > LARGEST_BYTES) throw new PresetError(`is too large (${body.length} bytes)`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw new PresetError(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return validatePreset(parsed);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function findScript(value: unknown, path: string): string | null {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = findScript(item, `${path}[${index}]`);
      if (found !== null) return found;
    }
  } else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) {
      const here = path === "" ? key : `${path}.${key}`;
      if (key.endsWith("_eqs_str") && item !== "") return here;
      const found = findScript(item, here);
      if (found !== null) return found;
    }
  }
  return null;
}

function numbers(value: unknown, where: string): Record<string, number> {
  if (!isRecord(value)) throw new PresetError(`has no ${where}`);
  const checked: Record<string, number> = {};
  for (const [key, item] of Object.entries(value)) {
    const number = typeof item === "boolean" ? Number(item) : item;
    if (typeof number !== "number" || !Number.isFinite(number)) {
      throw new PresetError(`has a ${where}.${key} that is not a number`);
    }
    checked[key] = number;
  }
  return checked;
}

function parts(value: unknown, where: string, equations: readonly string[]): PresetPart[] {
  const list = value === undefined || value === null ? [] : value;
  if (!Array.isArray(list)) throw new PresetError(`has ${where} that are not a list`);
  const checked: PresetPart[] = list.slice(0, PARTS).map((item: unknown, index) => {
    if (!isRecord(item)) throw new PresetError(`has a ${where}[${index}] that is not an object`);
    const part: PresetPart = { baseVals: numbers(item["baseVals"], `${where}[${index}].baseVals`) };
    for (const name of equations) part[name] = text(item, name);
    return part;
  });
  while (checked.length < PARTS) {
    const blank: PresetPart = { baseVals: { enabled: 0 } };
    for (const name of equations) blank[name] = "";
    checked.push(blank);
  }
  return checked;
}

function text(from: Record<string, unknown>, key: string): string {
  const value = from[key] ?? "";
  if (typeof value !== "string") throw new PresetError(`has a ${key} that is not text`);
  return value;
}
