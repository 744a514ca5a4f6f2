/**
 * Folders of packages, builds and caches that people let git ignore. New files in them are ignored
 * also where nothing says so yet; files that git tracks are compared everywhere.
 */
export const GENERATED: readonly string[] = [
  ...["node_modules", "bower_components", "dist", "build", "target", "coverage"],
  ...[".next", ".nuxt", ".svelte-kit", ".turbo", ".cache", ".parcel-cache", ".gradle", ".terraform"],
  ...[".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".pytest_cache", ".ruff_cache"],
]

/** What Baton itself writes into a project. */
export const OWN_FOLDER = ".opencode/workflow-state"
