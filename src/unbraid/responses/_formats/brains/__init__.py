"""Files of brain recordings: `nifti` (voxels), `nwb` (spikes, counted by `_spikes`)."""
