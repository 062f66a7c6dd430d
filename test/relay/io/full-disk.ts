/** A command to run a relay under, which may write this many blocks of 512 bytes to any one file, as on a full disk. */
export const fullAt = (blocks: number): readonly string[] => [
  "sh",
  "-c",
  // The signal is ignored, so that the write fails instead.
  `trap "" XFSZ; ulimit -f ${blocks}; exec "$@"`,
  "sh",
];
