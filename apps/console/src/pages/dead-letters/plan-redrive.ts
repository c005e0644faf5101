import { counted } from "../../ui/format.ts";
import type { Cause } from "./judge-cause.ts";

/** What is known of the letters that an action is about. */
export interface Plan {
  readonly count: number;
  /** Of these, how many may have arrived. */
  readonly possible: number;
  /** Not all of them were looked at: there are at least so many. */
  readonly partial: boolean;
  /** The whole list, without any filter. */
  readonly unfiltered: boolean;
}

export function planOf(causes: readonly Cause[], partial: boolean, unfiltered: boolean): Plan {
  const sum = (of: (cause: Cause) => number): number =>
    causes.reduce((total, cause) => total + of(cause), 0);
  const count = sum((cause) => cause.count);
  return { count, possible: sum((cause) => cause.possible), partial, unfiltered };
}

export interface Consent {
  readonly title: string;
  readonly effect: readonly string[];
  readonly verb: string;
  /** 2: the count is typed. */
  readonly level: 1 | 2;
}

/** What sending again means, before it is done. `newIds`: what may have arrived goes as new messages. */
export function redriveConsent(plan: Plan, newIds: boolean): Consent {
  const { count, possible } = plan;
  const again = `Send ${counted(count, "message")} again`;
  const effect = [
    ...(count > possible
      ? [`${counted(count - possible, "message")} did not leave: nobody gets them twice.`]
      : []),
    ...(possible === 0
      ? []
      : [
          newIds
            ? `${counted(possible, "message")} may have arrived. New ids: ${counted(possible, "person", "people")} may get it twice.`
            : `${counted(possible, "message")} may have arrived. Same id: WhatsApp should show each once.`,
        ]),
    ...(plan.partial ? ["Only the newest letters were counted: it may be more."] : []),
    "What fails from now on is not part of it.",
  ];
  const suffix = possible === 0 ? "" : newIds ? ", new ids" : ", same id";
  const level = newIds || plan.unfiltered || plan.partial ? 2 : 1;
  return { title: again, effect, verb: `Send ${count} again${suffix}`, level };
}

export function discardConsent({ count, partial }: Plan): Consent {
  return {
    title: `Discard ${counted(count, "dead letter")}`,
    effect: [
      "They can’t be sent again afterwards. The messages stay readable for a while.",
      ...(partial ? ["Only the newest letters were counted: it may be more."] : []),
      "What fails from now on is not part of it.",
    ],
    verb: `Discard ${count}`,
    level: 2,
  };
}
