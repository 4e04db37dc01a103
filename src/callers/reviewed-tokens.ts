import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { AuthSettings } from '../config/auth-settings.ts';
import { type Authenticate, type Caller, callerNamed } from './caller.ts';
import { recentAnswers } from './recent-answers.ts';
import { askedOfServer, type Server } from './asked-of-server.ts';

/** A TokenReview's answer, as far as it counts here. */
const Review = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    // Empty where the token is not good.
    user: z
      .object({
        username: z.string().optional(),
        uid: z.string().optional(),
        groups: z.array(z.string()).optional(),
        extra: z.record(z.string(), z.array(z.string())).optional(),
      })
      .optional(),
  }),
});

/** Callers whom the API server knows by their token: service accounts, above all. */
export function reviewedTokens(server: Server, settings: AuthSettings['token_review']): Authenticate {
  const { audiences, cache } = settings;
  const remembered = recentAnswers<Caller | undefined>(cache);
  // Kept by its hash: the token itself stays nowhere.
  return (token) =>
    remembered(createHash('sha256').update(token).digest('base64'), async () => {
      const { status } = await askedOfServer(server, Review, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, ...(audiences.length > 0 ? { audiences } : {}) },
      });
      const { user } = status;
      if (status.authenticated !== true || !user?.username) return undefined;
      // A server that knows nothing of audiences answers with none: then it has not looked at them.
      const meant = audiences.length === 0 || (status.audiences ?? []).some((each) => audiences.includes(each));
      if (!meant) return undefined;
      const { username, uid, groups, extra } = user;
      return callerNamed('kubernetes:', username, {
        username,
        groups,
        ...(uid === undefined ? {} : { uid }),
        ...(extra === undefined ? {} : { extra }),
      });
    });
}
