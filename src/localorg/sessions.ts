/** Who is logged in: access tokens and the users that they stand for. */
import { createHash, randomBytes } from 'node:crypto';

export type Sessions = {
  /** A new session of a user; returns its token. */
  open(userId: string): string;
  /** A session whose token is already known. */
  keep(token: string, userId: string): void;
  userOf(token: string): string | undefined;
  end(token: string): void;
};

/** A token as Salesforce writes it: the org's id, an exclamation mark, and what nobody can guess. */
export const newAccessToken = (orgId: string): string =>
  `${orgId.slice(0, 15)}!${randomBytes(48).toString('base64url').replaceAll(/[-_]/g, '.')}`;

/** The sessions of one org. Tokens are held as digests: looking one up takes the same time however much of it is right. */
export function openSessions(orgId: string): Sessions {
  const users = new Map<string, string>();
  const keep = (token: string, userId: string): void => {
    users.set(digest(token), userId);
  };
  return {
    open: (userId) => {
      const token = newAccessToken(orgId);
      keep(token, userId);
      return token;
    },
    keep,
    userOf: (token) => users.get(digest(token)),
    end: (token) => {
      users.delete(digest(token));
    },
  };
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64');
