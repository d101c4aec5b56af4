/** Property tests draw from one seed, so that a run can be repeated; `KAM_SEED` draws others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['KAM_SEED'] ?? 2022) });
