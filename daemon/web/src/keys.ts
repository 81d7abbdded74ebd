/** The keyboard of both pages: one table, shown to the operator as it is used. */

import type { CommandArgument, DaemonState } from "./client/index.js";

export interface KeyBinding {
  keys: readonly string[];
  label: string;
  verb: string;
}

export const KEY_BINDINGS: readonly KeyBinding[] = [
  { keys: [" "], label: "space", verb: "hold" },
  { keys: ["n", "arrowright"], label: "n →", verb: "next" },
  { keys: ["arrowleft"], label: "←", verb: "back" },
  { keys: ["b"], label: "b", verb: "blackout" },
  { keys: ["t"], label: "t", verb: "tap" },
  { keys: ["1"], label: "1", verb: "downbeat" },
  { keys: ["c"], label: "c", verb: "calm" },
  { keys: ["h"], label: "h", verb: "half" },
  { keys: ["d"], label: "d", verb: "double" },
  { keys: ["s"], label: "s", verb: "save" },
];

/** Verbs that switch something on and off; their argument is the state wanted. */
const TOGGLES: readonly string[] = ["hold", "blackout"];

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  repeat: boolean;
}

/** The verb of a key press, or null. A held key counts once; browser short cuts stay the browser's. */
export function verbOfKey(press: KeyPress): string | null {
  if (press.ctrlKey || press.altKey || press.metaKey || press.repeat) return null;
  const key = press.key.toLowerCase();
  return KEY_BINDINGS.find((binding) => binding.keys.includes(key))?.verb ?? null;
}

/** The argument that a button or key sends with `verb`, given what is on now. */
export function argumentOf(
  verb: string,
  state: Pick<DaemonState, "hold" | "blackout"> | null,
): CommandArgument | undefined {
  if (!TOGGLES.includes(verb)) return undefined;
  return !(state?.[verb as "hold" | "blackout"] ?? false);
}
