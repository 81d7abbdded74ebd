/** What the stage's address may ask for; names follow the newliveweb app where it has them. */

export type Blend = "luma" | "screen" | "lighten";

export interface StageOptions {
  blend: Blend;
  /** Fixed layer size; null lets the governor decide. */
  resolution: { width: number; height: number } | null;
  coupling: boolean;
  /** 0 to 1. */
  couplingStrength: number;
  /** Keyboard commands on the stage page (`?keys=1`). */
  keys: boolean;
  name: string;
}

const BLENDS: readonly Blend[] = ["luma", "screen", "lighten"];

/** Unknown or unusable values fall back to the default: a wrong address must not darken a show. */
export function parseStageOptions(search: string): StageOptions {
  const query = new URLSearchParams(search);
  const blend = query.get("blend");
  const size = /^(\d{2,4})x(\d{2,4})$/.exec(query.get("res") ?? "");
  const strength = query.get("coupling3dStrength");
  const parsedStrength = strength === null || strength === "" ? Number.NaN : Number(strength);
  return {
    blend: BLENDS.find((known) => known === blend) ?? "luma",
    resolution: size === null ? null : { width: even(size[1]), height: even(size[2]) },
    coupling: query.get("coupling3d") !== "off",
    couplingStrength: Number.isFinite(parsedStrength) ? Math.min(1, Math.max(0, parsedStrength)) : 0.5,
    keys: query.get("keys") === "1",
    name: (query.get("name") ?? "stage").slice(0, 64),
  };
}

function even(text: string | undefined): number {
  return Math.min(4096, Math.max(32, Number(text))) & ~1;
}
