/** WGSL: adds up `partial` of the 64 invocations `worker` of a workgroup, in a fixed order, in its first element. */
export const SUM_OF_WORKGROUP = /* wgsl */ `workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }`;
