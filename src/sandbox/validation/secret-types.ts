import { type Resource, at } from '../resource.ts';
import type { Faults } from './faults.ts';

const ACCOUNT = 'kubernetes.io/service-account.name';

/** The keys that a Secret of a well-known type has to have. What they hold is never told. */
export function validateSecretType(draft: Resource, faults: Faults): void {
  const data = (key: string): unknown => at(draft, 'data', key);
  const required = (...keys: string[]): void => {
    for (const key of keys) if (data(key) === undefined) faults.required(`data[${key}]`);
  };
  switch (draft.type) {
    case 'kubernetes.io/tls':
      return required('tls.crt', 'tls.key');
    case 'kubernetes.io/ssh-auth':
      return required('ssh-privatekey');
    case 'kubernetes.io/basic-auth':
      if (data('username') === undefined && data('password') === undefined) required('username', 'password');
      return;
    case 'kubernetes.io/dockerconfigjson':
    case 'kubernetes.io/dockercfg': {
      const key = `.${draft.type.slice('kubernetes.io/'.length)}`;
      if (data(key) === undefined) return required(key);
      if (!isJson(data(key)))
        faults.invalid(
          `data[${key}]`,
          '<secret contents redacted>',
          'invalid character looking for beginning of value',
        );
      return;
    }
    case 'kubernetes.io/service-account-token':
      if (!draft.metadata.annotations?.[ACCOUNT]) faults.required(`metadata.annotations[${ACCOUNT}]`);
  }
}

function isJson(encoded: unknown): boolean {
  try {
    JSON.parse(Buffer.from(String(encoded), 'base64').toString());
    return true;
  } catch {
    return false;
  }
}
