/** Generated from schemas/cronflow.schema.json by scripts/generate-types.mjs. Do not edit. */
export interface Declaration {
  schedule?: string;
  every?: string;
  timezone?: string;
  grace?: string;
  max_runtime?: string;
  success_exit_codes?: number[];
  failure_threshold?: number | { failure?: number; missed?: number; timeout?: number };
  recovery_threshold?: number;
  remind_every?: string;
  notify?: (string | { to: string; on?: ('failure' | 'missed' | 'timeout')[] })[];
  max_open_runs?: number;
  keep_runs?: number;
  paused?: boolean;
  description?: string;
  runbook?: string;
  owner?: string;
  tags?: string[];
  group?: string;
}
