/** Whether a log line or an event tells of a caller who could not prove who they are, or who may not do what they tried. */
export function accessFailureIn(text: string): 'authentication' | 'authorisation' | undefined {
  if (authentication.test(text)) return 'authentication';
  return authorisation.test(text) ? 'authorisation' : undefined;
}

const authentication =
  /authenticat\w*\W+(?:\w+\W+){0,3}(?:fail|error|reject|denied)|(?:fail|reject|denied)\w*\W+(?:\w+\W+){0,2}(?:authenticat|login|logon|sign-?in|password)|(?:login|logon|sign-?in)\W+(?:\w+\W+){0,2}fail|(?:invalid|bad|wrong|incorrect|expired)\W+(?:credentials?|passwords?|(?:access |bearer |api )?tokens?|api keys?|signature)|token\W+(?:is\W+|has\W+)?(?:expired|invalid)|unauthenticated|unauthori[sz]ed|\b(?:status|code)\W{1,3}401\b|" 401 /i;

const authorisation =
  /(?:permission|access)\W+(?:was\W+|is\W+)?denied|authori[sz]ation\W+(?:\w+\W+){0,2}(?:fail|error|denied)|not\W+(?:authori[sz]ed|permitted|allowed to)|insufficient\W+(?:permission|privilege|scope|right)|\bforbidden\b|\brbac\b.*denied|\b(?:status|code)\W{1,3}403\b|" 403 /i;
