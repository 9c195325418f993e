// The environments of a workspace: what belongs to one is not seen from another. `test` reaches the sandbox only, `staging` the hosts that
// the installation names.
import { z } from 'zod';

export const environmentSchema = z.enum(['live', 'staging', 'test']);
export type Environment = z.output<typeof environmentSchema>;
