/**
 * Sets the environment variables that the GPU needs, before the first request of an adapter. deno.json loads this
 * module with `--preload` ahead of every task and test; cli.ts imports it before every other module.
 *
 * On Linux the backend is pinned to Vulkan: without a Vulkan driver Deno would otherwise fall back
 * silently to OpenGL, whose compute shaders are not the ones tested. macOS and Windows keep their own.
 *
 * @module
 */

if (Deno.build.os === "linux") {
  if (!Deno.env.get("DENO_WEBGPU_BACKEND")) Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
  // The Vulkan loader complains about its absence, though nothing here has a window.
  if (!Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
}
