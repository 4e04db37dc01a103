import * as z from 'zod';

/*
 * A rule of a NetworkPolicy as the API server has it, and nothing else: an unknown key would be dropped there without a
 * word, and a rule without its peers lets everything through.
 */

const protocol = z.enum(['TCP', 'UDP', 'SCTP']).default('TCP');
const portNumber = z.int().min(1).max(65_535);

const port = z.strictObject({
  protocol,
  port: z.union([portNumber, z.string().regex(/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/)]).optional(),
  endPort: portNumber.optional(),
});

const requirement = z.strictObject({
  key: z.string().min(1).max(317),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string().max(63)).optional(),
});

const selector = z.strictObject({
  matchLabels: z.record(z.string().min(1).max(317), z.string().max(63)).optional(),
  matchExpressions: z.array(requirement).optional(),
});

const peer = z
  .strictObject({
    podSelector: selector.optional(),
    namespaceSelector: selector.optional(),
    ipBlock: z.strictObject({ cidr: z.string().max(64), except: z.array(z.string().max(64)).optional() }).optional(),
  })
  .refine((given) => Object.keys(given).length > 0, 'must name a podSelector, a namespaceSelector or an ipBlock');

/** The rules for what comes in and for what goes out; a direction without a rule is closed, one left out stays as it is. */
export const networkPolicyRules = z
  .strictObject({
    ingress: z.array(z.strictObject({ from: z.array(peer).optional(), ports: z.array(port).optional() })).optional(),
    egress: z.array(z.strictObject({ to: z.array(peer).optional(), ports: z.array(port).optional() })).optional(),
  })
  .refine(({ ingress, egress }) => ingress !== undefined || egress !== undefined, 'must give ingress, egress or both');
