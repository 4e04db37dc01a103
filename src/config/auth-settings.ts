import * as z from 'zod';
import { choice, duration, flag, listOf, listOfMaps, optionalText, text } from './setting.ts';

const anything = /^[^\0\r\n]+$/;
const namespaceOrAll = /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/;
const actionOrAll = /^(\*|[A-Za-z][A-Za-z0-9_-]{0,99})$/;
/** A caller, a group, a claim: one line of text. */
const line = z.string().min(1).max(512).regex(anything, { error: 'has not the right form' });
/** Keys come over a connection that nobody else can answer on, or from this machine. */
const trustedUrl = /^(https:\/\/[^\s@]+|http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/[^\s@]*)?)$/;

/** How callers are known, and what they may: the keys below `auth:`. */
export const Auth = z
  .strictObject({
    tokens: listOfMaps({
      keys: {
        name: line,
        hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, { error: 'has not the right form' }),
        expires_at: z.iso.datetime({ offset: true }).optional(),
      },
      allowed: 'a list of {name, hash: "sha256:<64 hex digits>", expires_at: <RFC 3339>}, each name once',
      about:
        'Static tokens, of which only the SHA-256 stands here. The caller is called `static:<name>`. Choose tokens that nobody guesses, such as `openssl rand -hex 32`.',
      secret: true,
    }),
    jwt: z
      .strictObject({
        issuer: optionalText({
          about: 'Takes JSON web tokens of this issuer (`iss`); asks for `audience` and `jwks_url` too.',
          allowed: 'the issuer, as in the tokens',
          pattern: anything,
        }),
        audience: optionalText({
          about: 'What such a token has to be made for (`aud`).',
          allowed: 'an audience, as in the tokens',
          pattern: anything,
        }),
        jwks_url: optionalText({
          about: "Where the issuer's keys are. They are fetched anew at the latest every 30 s in which a token comes.",
          allowed: 'an https address, or http on this machine',
          pattern: trustedUrl,
        }),
        name_claim: text({
          default: 'sub',
          pattern: anything,
          allowed: 'the name of a claim',
          about: "The claim that is the caller's name.",
        }),
        name_prefix: text({
          default: 'jwt:',
          pattern: /^(?!static:|kubernetes:|system:|token:)[a-z][a-z0-9-]{0,62}:$/,
          allowed: 'letters and a colon, but not `static:`, `kubernetes:`, `system:` or `token:`',
          about: 'Goes before that name, so that nobody has the name of a caller from elsewhere.',
        }),
        groups_claim: text({
          default: 'groups',
          pattern: anything,
          allowed: 'the name of a claim',
          about:
            "The claim that lists the caller's groups. Those that begin with `system:` are Kubernetes' own, and not taken.",
        }),
      })
      .prefault({}),
    token_review: z
      .strictObject({
        enabled: flag({
          default: false,
          about:
            'Takes tokens that the API server knows, by TokenReview: those of service accounts. The caller is called `kubernetes:<user>`.',
        }),
        audiences: listOf({
          pattern: anything,
          default: ['executor'],
          allowed: 'a list of audiences; empty: that of the API server itself',
          about: 'What such a token has to be made for, one of these (`kubectl create token --audience executor`).',
        }),
        cache: duration({
          default: '10s',
          min: '0s',
          max: '10m',
          about:
            'How long an answer of the API server on who somebody is, and what they may, counts. A caller who is revoked is refused after that.',
        }),
      })
      .prefault({}),
    authorization: choice({
      of: ['roles', 'access_review'],
      default: 'roles',
      about: 'Who may do what: by `auth.roles`, or as the API server says by SubjectAccessReview.',
    }),
    roles: listOfMaps({
      keys: {
        role: z.enum(['viewer', 'operator', 'approver', 'admin']),
        callers: z.array(line).max(1000).default([]),
        groups: z.array(line).max(1000).default([]),
        namespaces: z
          .array(z.string().regex(namespaceOrAll, { error: 'has not the right form' }))
          .max(1000)
          .default(['*']),
        actions: z
          .array(z.string().regex(actionOrAll, { error: 'has not the right form' }))
          .max(1000)
          .default(['*']),
      },
      allowed: 'a list of {role: viewer | operator | approver | admin, callers, groups, namespaces, actions}',
      about:
        'Who has which role, by the name with its source in front (`jwt:ada`, `static:ci`, `kubernetes:system:serviceaccount:ops:bot`) or by group; where, and for which actions: `*`, unless they are listed. A viewer reads; an operator also acts, and stops their namespaces; an approver reads and decides; an admin does all.',
    }),
    access_review: z
      .strictObject({
        group: text({
          default: 'executor.kubernaut.io',
          pattern: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
          allowed: 'an API group',
          about:
            "The API group in which rights are given: resource `actions`, resourceName the action, the target's namespace, verb execute, get, approve or control.",
        }),
      })
      .prefault({}),
  })
  .prefault({});

export type AuthSettings = z.output<typeof Auth>;
