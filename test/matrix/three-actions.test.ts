import { actions } from '../../src/actions/registry.ts';
import { matrix } from './matrix.ts';

// Whoever allows three actions alone gives the service the role for these, and it is enough.
await matrix(actions.filter(({ name }) => ['scale_deployment', 'restart_pod', 'cordon_node'].includes(name)));
