// Builds the loader: one classic script that leaves no name behind but its own, at a URL that never changes.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here('./loader'),
  publicDir: false,
  resolve: { alias: { client: here('../client') } },
  build: {
    outDir: here('../dist'),
    emptyOutDir: false,
    target: 'es2020',
    minify: 'terser',
    terserOptions: { compress: { passes: 2 }, format: { comments: false } },
    reportCompressedSize: false,
    lib: { entry: here('./loader/index.ts'), formats: ['iife'], name: 'frontdeskLoader', fileName: () => 'widget.js' },
  },
})
