"""Settings of training, data and logging: no library's ``encode`` or ``decode`` looks at them."""

from __future__ import annotations

_NAMES = """
    act_name act_store_device adam_beta1 adam_beta2 anneal_start author autocast autocast_lm
    aux_loss_coefficient aux_penalty auxk_alpha auxk_coef b_dec_init_method bandwidth batch_size
    beta1 beta2 block_layer buffer buffer_batches buffer_mult buffer_size cached_activations_path
    callbacks checkpoint_freq checkpoint_path class_token commit compile_llm compile_sae
    context_size create_dataloader created_at custom_clip_ckpt_path data dataset dataset_name
    dataset_path dataset_trust_remote_code date dead_feature_estimation_method
    dead_feature_threshold dead_feature_window dead_steps_threshold decay_start
    decoder_heuristic_init decoder_init_norm decoder_orthogonal_init description device
    dict_mult disable_concat_sequences dtype enc_dtype epoch epochs eval_batch_size
    eval_batch_size_prompts eval_every_n_wandb_logs eval_interval eval_iters
    exclude_special_tokens expansion expansion_factor feature_reinit_scale
    feature_sampling_method feature_sampling_window finetuning_method finetuning_tokens
    from_pretrained_path git_commit global_step grad_acc_steps grad_clip history hook_eval
    hook_head_index hook_layer hook_name hook_point hook_point_head_index hook_point_layer
    hookpoint image_height image_key image_width init_encoder_as_decoder_transpose init_seeds
    is_dataset_tokenized is_training jumprelu_bandwidth jumprelu_init_threshold
    jumprelu_sparsity_loss_mode jumprelu_ste_to_input jumprelu_tanh_scale k_anneal_steps
    l0_coefficient l0_warm_up_steps l1_coeff l1_coefficient l1_lambda l1_penalty
    l1_warm_up_steps l1_weight
    label_key layer layer_index layers learning_rate lib llm_compilation_mode llm_device lm_name
    log_activations_store_to_wandb log_dict log_optimizer_state_to_wandb log_to_wandb logger
    loops loss lp_norm lr lr_decay_steps lr_end lr_scheduler_name lr_schedulers lr_warm_up_steps
    matryoshka_widths max_batch_size_for_vit_forward_pass max_grad_norm metrics micro_acc_steps
    min_auxiliary_loss model_batch_size model_class_name model_from_pretrained_kwargs
    model_kwargs model_name module_name momentum mse_cls_coefficient mse_loss_normalization
    n_batches_for_norm_estimate n_batches_in_buffer n_batches_in_store n_batches_to_dead
    n_checkpoints n_eval_batches n_restart_cycles n_shuffles_final n_shuffles_in_entire_dir
    n_shuffles_with_last_section n_sparsity_updates n_steps name neuronpedia_id noise_scale
    notes num_batches_in_buffer num_epochs num_resamples num_steps num_tokens optimizer
    optimizer_state_dict optimizer_states out_dir output_dir output_path p_end p_start
    perf_log_freq pre_act_loss_coefficient prefetch_llm_batches prepend_bos
    pytorch-lightning_version random_seed remove_parallel_grads resample_batches resample_steps
    resampling_data_size resampling_interval resume resume_from_checkpoint run_name
    jumprelu_threshold_window use_triton_kernel sparsity_threshold_for_triton_spmm_kernel
    sae_compilation_mode sae_lens_training_version sae_lens_version save_checkpoint
    save_final_checkpoint save_interval scale_sparsity_penalty_by_decoder_norm scheduler
    scheduler_state_dict seed seq_len seqpos_slice sequence_separator_token
    shuffle_every_n_buffers site sparsity_coef sparsity_coeff sparsity_function sparsity_penalty
    sparsity_queue_length sparsity_warmup_steps step steps store_batch_size
    store_batch_size_prompts store_size streaming submodule_name target_l0 threshold_beta
    threshold_start_step time timestamp tokens_seen top_k_aux topk_threshold_lr
    total_training_tokens train_batch_size train_batch_size_tokens trainer_class training_tokens
    use_decoder_bias
    use_cached_activations use_chat_formatting use_ghost_grads use_matryoshka_aux_loss
    use_sparse_activations val_loss verbose version wandb_entity wandb_id wandb_log
    wandb_log_frequency wandb_name wandb_project warmup_steps weight_decay
"""
INERT = frozenset(_NAMES.split())
