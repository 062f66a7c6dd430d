/**
 * What Twilio's REST API answers with, whichever host it is: a resource, a page of a list, or an error in its own form.
 * https://www.twilio.com/docs/usage/twilios-response
 */
import { randomBytes } from "node:crypto";

/** Thrown by whatever refuses a request, and answered as Twilio answers. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  response(): Response {
    const { code, message, status } = this;
    const more_info = `https://www.twilio.com/docs/errors/${code}`;
    return Response.json({ code, message, more_info, status }, { status });
  }
}

export const notFound = (path: string): Refusal =>
  new Refusal(404, 20404, `The requested resource ${path} was not found`);
export const invalid = (message: string): Refusal => new Refusal(400, 20001, message);
/** As the serverless API answers for a name that is taken and for a build that is live already. */
export const conflict = (message: string): Refusal => new Refusal(409, 20409, message);

/** Two letters and 32 hexadecimal digits. */
export const newSid = (prefix: string): string => `${prefix}${randomBytes(16).toString("hex")}`;

/** The parameters of a request; any that this endpoint does not have is refused, as a misspelt one would be lost. */
export function only(form: URLSearchParams, names: readonly string[]): URLSearchParams {
  for (const name of form.keys())
    if (!names.includes(name)) throw invalid(`Parameter '${name}' is not valid`);
  return form;
}

export function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === "") throw invalid(`Missing required parameter ${name} in the post body`);
  return value;
}

/** Which part of a list was asked for. */
export function pageOf<T>(all: readonly T[], url: URL, sizes: { usual: number; most: number }) {
  const size = Number(url.searchParams.get("PageSize") ?? sizes.usual);
  const page = Number(url.searchParams.get("Page") ?? 0);
  if (!Number.isInteger(size) || size < 1 || size > sizes.most) throw invalid("Page size must be valid");
  if (!Number.isInteger(page) || page < 0) throw invalid("Page number must be valid");
  const start = page * size;
  const items = all.slice(start, start + size);
  const at = (number: number): string => {
    const query = new URLSearchParams(url.searchParams);
    query.set("PageSize", String(size));
    query.set("Page", String(number));
    return `${url.pathname}?${query}`;
  };
  const hasNext = start + size < all.length;
  return {
    items,
    page,
    size,
    start,
    self: at(page),
    first: at(0),
    previous: page > 0 ? at(page - 1) : null,
    next: hasNext ? at(page + 1) : null,
  };
}
