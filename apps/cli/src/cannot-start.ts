/** Why `pombo up` can't go on, as a sentence for the person at the terminal. Anything else that is thrown is a bug. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}
