import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

/** Two pages and their assets, all loadable under the daemon's Content-Security-Policy. */
export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    outDir: "dist",
    assetsDir: "assets",
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: URL would need a wider policy
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rollupOptions: {
      input: {
        index: resolve(__dirname, "index.html"),
        control: resolve(__dirname, "control.html"),
      },
    },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
