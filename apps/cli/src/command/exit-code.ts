/** How a command ends, for scripts. Kept in docs/cli.md too; a test holds both together. */
export const EXIT = {
  /** Done. */
  done: 0,
  /** It ended badly: a message or rows failed, the doctor found something. */
  failed: 1,
  /** The words, or the file, make no sense. */
  usage: 2,
  /** Pombo refuses: repeating it changes nothing. */
  refused: 3,
  /** Pombo can't be reached, or asks to come back later. */
  unavailable: 4,
  /** Accepted, and goes on without this command: not at its end yet. */
  pending: 5,
  /** Not confirmed. */
  declined: 6,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
