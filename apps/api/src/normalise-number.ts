import {
  type CountryCode,
  parsePhoneNumberFromString,
  type PhoneNumber,
} from "libphonenumber-js/max";

/** Why another way to write a number may be the one that was meant. */
type NumberHint =
  /** Brazil: mobile numbers have nine digits since 2016; WhatsApp goes on naming older accounts by the eight that they had. */
  | "brazil_ninth_digit"
  /** Mexico: the 1 behind the country code is not dialled since 2019; WhatsApp goes on naming older accounts with it. */
  | "mexico_mobile_1"
  /** Argentina: mobile numbers have a 9 behind the country code when they are called from abroad. */
  | "argentina_mobile_9"
  /** It begins with 00, which is dialled before the country code and no part of the number. */
  | "international_prefix"
  /** It is valid in the sender's own country, and nowhere as it is written. */
  | "country_code_missing";

interface Suggestion {
  readonly digits: string;
  readonly hint: NumberHint;
}

export interface NormalisedNumber {
  /** As it will be sent to. */
  readonly digits: string;
  /** ISO 3166, where the number tells it. */
  readonly country?: string;
  /** As people of that country would read it from abroad. */
  readonly international: string;
  /** The numbering plan of its country knows such a number. */
  readonly valid: boolean;
  /** Other names that the same person may have on WhatsApp, or what was probably meant. */
  readonly suggestions: readonly Suggestion[];
}

/**
 * What the field's library says of a number, and how else it may have to be written. It changes nothing by itself: both ways to write a
 * Brazilian or Mexican number can be the one that an account has, and only WhatsApp knows which.
 *
 * @param digits as `parseRecipient` gives them
 * @param home the sender's own number, digits: numbers without a country code are probably of its country
 */
export function normaliseNumber(digits: string, home?: string): NormalisedNumber {
  const number = parse(`+${digits}`);
  const valid = number?.isValid() === true || isOldName(digits);
  const suggestions = [...otherNames(digits), ...(valid ? [] : meantInstead(digits, home))];
  const country = number?.country;
  return {
    digits,
    ...(country === undefined ? {} : { country }),
    international: number?.formatInternational() ?? `+${digits}`,
    valid,
    suggestions,
  };
}

/** True for a recipient that is no number of any numbering plan, as it is written. */
export function isDoubtful(recipient: string): boolean {
  if (recipient.includes("@")) return false;
  return parse(`+${recipient}`)?.isValid() !== true && !isOldName(recipient);
}

/** Numbers of old accounts, which their countries do not give out any more. */
function isOldName(digits: string): boolean {
  return otherNames(digits).some(({ digits: other }) => parse(`+${other}`)?.isValid() === true);
}

/** Area code of two digits, then a mobile number with or without its ninth digit. */
const BRAZIL = /^55([1-9][1-9])(9?)([6-9][0-9]{7})$/;
const MEXICO = /^52(1?)([2-9][0-9]{9})$/;
const ARGENTINA = /^54(9?)([1-9][0-9]{9})$/;

function otherNames(digits: string): readonly Suggestion[] {
  const brazil = BRAZIL.exec(digits);
  if (brazil !== null) {
    const [, area = "", nine = "", rest = ""] = brazil;
    return [{ digits: `55${area}${nine === "" ? "9" : ""}${rest}`, hint: "brazil_ninth_digit" }];
  }
  const mexico = MEXICO.exec(digits);
  if (mexico !== null) {
    const [, one = "", rest = ""] = mexico;
    return [{ digits: `52${one === "" ? "1" : ""}${rest}`, hint: "mexico_mobile_1" }];
  }
  const argentina = ARGENTINA.exec(digits);
  if (argentina === null) return [];
  const [, nine = "", rest = ""] = argentina;
  return [{ digits: `54${nine === "" ? "9" : ""}${rest}`, hint: "argentina_mobile_9" }];
}

function meantInstead(digits: string, home: string | undefined): readonly Suggestion[] {
  if (digits.startsWith("00")) {
    const rest = digits.replace(/^0+/, "");
    const meant = parse(`+${rest}`);
    return meant?.isValid() === true ? [{ digits: rest, hint: "international_prefix" }] : [];
  }
  const country = home === undefined ? undefined : parse(`+${home}`)?.country;
  if (country === undefined) return [];
  const meant = parse(digits, country);
  if (meant?.isValid() !== true) return [];
  return [{ digits: meant.number.slice(1), hint: "country_code_missing" }];
}

function parse(text: string, country?: CountryCode): PhoneNumber | undefined {
  return parsePhoneNumberFromString(text, country);
}
