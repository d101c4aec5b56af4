/** Who is logged in: access tokens, the refresh tokens that mint new ones, and the users that they stand for. */
import { createHash, randomBytes } from 'node:crypto';

export type Sessions = {
  /** A new session of a user; returns its token. One that a refresh token minted ends with it. */
  open(userId: string, refreshToken?: string): string;
  /** A session whose token is already known. */
  keep(token: string, userId: string): void;
  userOf(token: string): string | undefined;
  /** Makes a refresh token known: whoever shows it may open sessions of the user. */
  grant(refreshToken: string, userId: string): void;
  /** Whose sessions a refresh token opens. */
  grantedTo(refreshToken: string): string | undefined;
  /** Ends a session, or a refresh token with all sessions that it opened; false where the token is neither. */
  end(token: string): boolean;
  /** Ends every session, as their time-out would; refresh tokens stay. Returns how many there were. */
  endAll(): number;
};

/** A token as Salesforce writes it: the org's id, an exclamation mark, and what nobody can guess. */
export const newAccessToken = (orgId: string): string =>
  `${orgId.slice(0, 15)}!${randomBytes(48).toString('base64url').replaceAll(/[-_]/g, '.')}`;

export const newRefreshToken = (): string => `5Aep${randomBytes(48).toString('base64url').replaceAll(/[-_]/g, '.')}`;

/** The sessions of one org. Tokens are held as digests: looking one up takes the same time however much of it is right. */
export function openSessions(orgId: string): Sessions {
  const sessions = new Map<string, { userId: string; mintedBy: string | null }>();
  const grants = new Map<string, string>();
  return {
    open: (userId, refreshToken) => {
      const token = newAccessToken(orgId);
      sessions.set(digest(token), { userId, mintedBy: refreshToken === undefined ? null : digest(refreshToken) });
      return token;
    },
    keep: (token, userId) => {
      sessions.set(digest(token), { userId, mintedBy: null });
    },
    userOf: (token) => sessions.get(digest(token))?.userId,
    grant: (refreshToken, userId) => {
      grants.set(digest(refreshToken), userId);
    },
    grantedTo: (refreshToken) => grants.get(digest(refreshToken)),
    end: (token) => {
      const key = digest(token);
      if (sessions.delete(key)) return true;
      for (const [session, { mintedBy }] of sessions) if (mintedBy === key) sessions.delete(session);
      return grants.delete(key);
    },
    endAll: () => {
      const { size } = sessions;
      sessions.clear();
      return size;
    },
  };
}

export const digest = (token: string): string => createHash('sha256').update(token).digest('base64');
