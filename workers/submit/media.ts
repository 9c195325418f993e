// A file for its number. Its bytes are on the machine whose API took it: a process elsewhere leaves it to others for an hour.
import { newMediaSchema } from '../../src/contract/media.ts';
import { submissionLimit } from '../../src/pacing/limits.ts';
import { CONTENT_MISSING, fieldOf } from './row.ts';
import type { TaskOf } from './task.ts';

const ELSEWHERE_MS = 3_600_000;

export const mediaTask: TaskOf = async (options, seal, sender) => {
  const { clock, media: folder, management } = options;
  const row = await fieldOf(options, seal, 'media');
  if (row === undefined) return CONTENT_MISSING;
  const { type, bytes, name } = newMediaSchema.parse(row);
  const path = await folder.find(seal.job);
  if (path === undefined) {
    const repeat = clock.now() < seal.created_at + ELSEWHERE_MS;
    return { code: 'file_gone', message: 'its file is on no machine that uploads', repeat };
  }
  return {
    limit: submissionLimit('media', sender),
    call: (mayWrite) => management.uploadMedia(sender, { path, name: name || seal.job, type }, mayWrite),
    about: { type, bytes },
    made: 'media.uploaded',
    failed: 'media.failed',
    keep: async () => ({}),
  };
};
