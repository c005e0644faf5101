import { toString } from "qrcode";
import type { Terminal } from "../terminal/terminal.ts";

/** Where the QR codes of a pairing are shown: in a terminal each in place of the last, elsewhere one under the other. */
export interface QrBoard extends Disposable {
  show(qr: { readonly qr: string; readonly ttl: number }): Promise<void>;
}

export function openQrBoard(terminal: Terminal): QrBoard {
  const screen = terminal.openScreen();
  return {
    async show({ qr, ttl }) {
      const picture = (await toString(qr, { type: "utf8", margin: 2 })).trimEnd();
      const width = picture.indexOf("\n");
      const says = `Scan it with the phone (WhatsApp, Linked devices) within ${ttl} s: a new one follows. Ctrl-C ends this.`;
      if (screen === undefined) return terminal.print(picture);
      screen.draw((columns) =>
        columns < width
          ? `The code needs ${width} columns, and this terminal has ${columns}: make it wider.`
          : `${picture}\n${says}`,
      );
    },
    [Symbol.dispose]: () => screen?.[Symbol.dispose](),
  };
}
