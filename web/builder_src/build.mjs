// Bundles src/ into ../static/builder/: `npm ci && npm run build`. A test builds it again and compares.
import { build } from "esbuild";

const out = process.argv[2] || new URL("../static/builder", import.meta.url).pathname;
const common = { bundle: true, minify: true, legalComments: "none", logLevel: "warning", absWorkingDir: new URL(".", import.meta.url).pathname };

await build({
  ...common,
  entryPoints: ["src/main.js"],
  outfile: `${out}/builder.js`,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  charset: "utf8",
  inject: ["src/canvas/observer.js"],
  define: { "process.env.NODE_ENV": '"production"' },
});
await build({ ...common, entryPoints: ["node_modules/@xyflow/react/dist/base.css"], outfile: `${out}/builder-flow.css` });
