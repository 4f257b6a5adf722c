/* SPDX-License-Identifier: MIT
 *
 * Prints size and every offset of the structs of pointsman/plugin.h.  layout.sh compares with layout.txt:
 * a field that moves breaks every plugin that was ever compiled.
 */
#include <pointsman/plugin.h>
#include <stdio.h>

#define SIZE(T)     printf("%-24s %4zu bytes\n", #T, sizeof(T))
#define FIELD(T, f) printf("  %-22s %4zu\n", #f, offsetof(T, f))

static void part_1(void)
{
    SIZE(pm_str);
    FIELD(pm_str, ptr);
    FIELD(pm_str, len);
    SIZE(pm_mat);
    FIELD(pm_mat, at);
    FIELD(pm_mat, rows);
    FIELD(pm_mat, cols);
    FIELD(pm_mat, ld);
    SIZE(pm_cmat);
    FIELD(pm_cmat, at);
    FIELD(pm_cmat, rows);
    FIELD(pm_cmat, cols);
    FIELD(pm_cmat, ld);
    SIZE(pm_csr);
    FIELD(pm_csr, start);
    FIELD(pm_csr, col);
    FIELD(pm_csr, val);
    FIELD(pm_csr, rows);
    FIELD(pm_csr, cols);
    SIZE(pm_attr);
    FIELD(pm_attr, name);
    FIELD(pm_attr, kind);
    FIELD(pm_attr, number);
    FIELD(pm_attr, text);
    SIZE(pm_expert);
    FIELD(pm_expert, size);
    FIELD(pm_expert, id);
    FIELD(pm_expert, attr);
    FIELD(pm_expert, n_attr);
    FIELD(pm_expert, profile);
    SIZE(pm_library);
    FIELD(pm_library, size);
    FIELD(pm_library, revision);
    FIELD(pm_library, n);
    FIELD(pm_library, expert);
    SIZE(pm_turn);
    FIELD(pm_turn, role);
    FIELD(pm_turn, text);
    SIZE(pm_prompts);
    FIELD(pm_prompts, size);
    FIELD(pm_prompts, n);
    FIELD(pm_prompts, id);
    FIELD(pm_prompts, text);
    FIELD(pm_prompts, tokens_in);
    FIELD(pm_prompts, embed);
    FIELD(pm_prompts, sparse);
    FIELD(pm_prompts, turn);
    FIELD(pm_prompts, turn_start);
    FIELD(pm_prompts, attr);
    FIELD(pm_prompts, n_attr);
}

static void part_2(void)
{
    SIZE(pm_battle);
    FIELD(pm_battle, prompt);
    FIELD(pm_battle, a);
    FIELD(pm_battle, b);
    FIELD(pm_battle, source);
    FIELD(pm_battle, outcome);
    FIELD(pm_battle, weight);
    SIZE(pm_outcomes);
    FIELD(pm_outcomes, size);
    FIELD(pm_outcomes, kind);
    FIELD(pm_outcomes, value);
    FIELD(pm_outcomes, cost_usd);
    FIELD(pm_outcomes, tokens_out);
    FIELD(pm_outcomes, battle);
    FIELD(pm_outcomes, n_battles);
    SIZE(pm_fit);
    FIELD(pm_fit, size);
    FIELD(pm_fit, lib);
    FIELD(pm_fit, x);
    FIELD(pm_fit, y);
    FIELD(pm_fit, group);
    FIELD(pm_fit, weight);
    FIELD(pm_fit, tune_x);
    FIELD(pm_fit, tune_y);
    SIZE(pm_change);
    FIELD(pm_change, kind);
    FIELD(pm_change, old_col);
    FIELD(pm_change, new_col);
    SIZE(pm_delta);
    FIELD(pm_delta, size);
    FIELD(pm_delta, before);
    FIELD(pm_delta, after);
    FIELD(pm_delta, change);
    FIELD(pm_delta, n_changes);
    FIELD(pm_delta, probe);
    FIELD(pm_delta, seen);
    SIZE(pm_param);
    FIELD(pm_param, name);
    FIELD(pm_param, type);
    FIELD(pm_param, offset);
    FIELD(pm_param, bytes);
    FIELD(pm_param, fallback);
    FIELD(pm_param, min);
    FIELD(pm_param, max);
    FIELD(pm_param, choices);
    FIELD(pm_param, fallback_str);
    FIELD(pm_param, doc);
    SIZE(pm_metric);
    FIELD(pm_metric, name);
    FIELD(pm_metric, value);
}

static void part_3(void)
{
    SIZE(pm_call);
    FIELD(pm_call, size);
    FIELD(pm_call, host);
    FIELD(pm_call, params);
    FIELD(pm_call, seed);
    FIELD(pm_call, impl);
    SIZE(pm_tensor);
    FIELD(pm_tensor, dtype);
    FIELD(pm_tensor, n_dims);
    FIELD(pm_tensor, dim);
    FIELD(pm_tensor, ptr);
    SIZE(pm_host);
    FIELD(pm_host, abi);
    FIELD(pm_host, size);
    FIELD(pm_host, own);
    FIELD(pm_host, scratch);
    FIELD(pm_host, fail);
    FIELD(pm_host, note);
    FIELD(pm_host, progress);
    FIELD(pm_host, uniform);
    FIELD(pm_host, parallel);
    FIELD(pm_host, gemm);
    FIELD(pm_host, put_tensor);
    FIELD(pm_host, get_tensor);
    FIELD(pm_host, view_tensor);
    FIELD(pm_host, put_text);
    FIELD(pm_host, get_text);
    FIELD(pm_host, has);
    FIELD(pm_host, service);
    SIZE(pm_scores);
    FIELD(pm_scores, size);
    FIELD(pm_scores, kind);
    FIELD(pm_scores, reference_col);
    FIELD(pm_scores, value);
    FIELD(pm_scores, spread);
    FIELD(pm_scores, tokens_out);
}

static void part_4(void)
{
    SIZE(pm_router_type);
    FIELD(pm_router_type, size);
    FIELD(pm_router_type, name);
    FIELD(pm_router_type, doc);
    FIELD(pm_router_type, source);
    FIELD(pm_router_type, params);
    FIELD(pm_router_type, params_bytes);
    FIELD(pm_router_type, needs);
    FIELD(pm_router_type, value_kinds);
    FIELD(pm_router_type, spread_kind);
    FIELD(pm_router_type, emits_tokens_out);
    FIELD(pm_router_type, reads);
    FIELD(pm_router_type, state_bytes);
    FIELD(pm_router_type, train);
    FIELD(pm_router_type, predict);
    FIELD(pm_router_type, save);
    FIELD(pm_router_type, load);
    FIELD(pm_router_type, emits);
    FIELD(pm_router_type, update);
    FIELD(pm_router_type, latent_dim);
    FIELD(pm_router_type, latent);
    FIELD(pm_router_type, latent_experts);
    FIELD(pm_router_type, close);
    SIZE(pm_constraint_type);
    FIELD(pm_constraint_type, size);
    FIELD(pm_constraint_type, name);
    FIELD(pm_constraint_type, doc);
    FIELD(pm_constraint_type, source);
    FIELD(pm_constraint_type, unit);
    FIELD(pm_constraint_type, params);
    FIELD(pm_constraint_type, params_bytes);
    FIELD(pm_constraint_type, senses);
    FIELD(pm_constraint_type, per_prompt);
    FIELD(pm_constraint_type, needs);
    FIELD(pm_constraint_type, reads);
    FIELD(pm_constraint_type, state_bytes);
    FIELD(pm_constraint_type, eval);
    FIELD(pm_constraint_type, train);
    FIELD(pm_constraint_type, save);
    FIELD(pm_constraint_type, load);
    SIZE(pm_term);
    FIELD(pm_term, size);
    FIELD(pm_term, name);
    FIELD(pm_term, sense);
    FIELD(pm_term, weight);
    FIELD(pm_term, bound);
    FIELD(pm_term, weight_row);
    FIELD(pm_term, value);
    FIELD(pm_term, plugin);
}

static void part_5(void)
{
    SIZE(pm_question);
    FIELD(pm_question, size);
    FIELD(pm_question, kind);
    FIELD(pm_question, spread_kind);
    FIELD(pm_question, value);
    FIELD(pm_question, spread);
    FIELD(pm_question, lib);
    FIELD(pm_question, x);
    FIELD(pm_question, cost_usd);
    FIELD(pm_question, term);
    FIELD(pm_question, n_terms);
    FIELD(pm_question, arrival);
    FIELD(pm_question, prior);
    FIELD(pm_question, reference_col);
    SIZE(pm_decisions);
    FIELD(pm_decisions, size);
    FIELD(pm_decisions, choice);
    FIELD(pm_decisions, utility);
    FIELD(pm_decisions, share);
    FIELD(pm_decisions, front);
    FIELD(pm_decisions, value_part);
    FIELD(pm_decisions, term_part);
    FIELD(pm_decisions, mask);
    SIZE(pm_feedback);
    FIELD(pm_feedback, size);
    FIELD(pm_feedback, prompt_id);
    FIELD(pm_feedback, arrival);
    FIELD(pm_feedback, choice);
    FIELD(pm_feedback, cost_usd);
    FIELD(pm_feedback, value);
    FIELD(pm_feedback, kind);
    SIZE(pm_objective_type);
    FIELD(pm_objective_type, size);
    FIELD(pm_objective_type, name);
    FIELD(pm_objective_type, doc);
    FIELD(pm_objective_type, source);
    FIELD(pm_objective_type, params);
    FIELD(pm_objective_type, params_bytes);
    FIELD(pm_objective_type, accepts);
    FIELD(pm_objective_type, offers);
    FIELD(pm_objective_type, state_bytes);
    FIELD(pm_objective_type, decide);
    FIELD(pm_objective_type, build);
    FIELD(pm_objective_type, observe);
    FIELD(pm_objective_type, save);
    FIELD(pm_objective_type, load);
}

static void part_6(void)
{
    SIZE(pm_embedder_type);
    FIELD(pm_embedder_type, size);
    FIELD(pm_embedder_type, name);
    FIELD(pm_embedder_type, doc);
    FIELD(pm_embedder_type, source);
    FIELD(pm_embedder_type, params);
    FIELD(pm_embedder_type, params_bytes);
    FIELD(pm_embedder_type, state_bytes);
    FIELD(pm_embedder_type, train);
    FIELD(pm_embedder_type, save);
    FIELD(pm_embedder_type, load);
    FIELD(pm_embedder_type, dim);
    FIELD(pm_embedder_type, embed);
    FIELD(pm_embedder_type, sparse_dim);
    FIELD(pm_embedder_type, sparse);
    FIELD(pm_embedder_type, close);
    SIZE(pm_corpus);
    FIELD(pm_corpus, size);
    FIELD(pm_corpus, document);
    FIELD(pm_corpus, n);
    SIZE(pm_backend_fit);
    FIELD(pm_backend_fit, size);
    FIELD(pm_backend_fit, expert);
    FIELD(pm_backend_fit, corpus);
    FIELD(pm_backend_fit, x);
    FIELD(pm_backend_fit, y);
    SIZE(pm_measured);
    FIELD(pm_measured, size);
    FIELD(pm_measured, kind);
    FIELD(pm_measured, value);
    FIELD(pm_measured, cost_usd);
    FIELD(pm_measured, tokens);
    FIELD(pm_measured, chars);
    FIELD(pm_measured, n_parts);
    FIELD(pm_measured, part);
    SIZE(pm_reply);
    FIELD(pm_reply, size);
    FIELD(pm_reply, text);
    FIELD(pm_reply, cost_usd);
    FIELD(pm_reply, latency_ms);
    FIELD(pm_reply, tokens_in);
    FIELD(pm_reply, tokens_out);
}

static void part_7(void)
{
    SIZE(pm_backend_type);
    FIELD(pm_backend_type, size);
    FIELD(pm_backend_type, name);
    FIELD(pm_backend_type, doc);
    FIELD(pm_backend_type, source);
    FIELD(pm_backend_type, params);
    FIELD(pm_backend_type, params_bytes);
    FIELD(pm_backend_type, state_bytes);
    FIELD(pm_backend_type, train);
    FIELD(pm_backend_type, save);
    FIELD(pm_backend_type, load);
    FIELD(pm_backend_type, score);
    FIELD(pm_backend_type, ask);
    FIELD(pm_backend_type, close);
    SIZE(pm_table_service);
    FIELD(pm_table_service, size);
    FIELD(pm_table_service, build);
    FIELD(pm_table_service, build_sparse);
    FIELD(pm_table_service, best);
    FIELD(pm_table_service, best_sparse);
    FIELD(pm_table_service, save);
    FIELD(pm_table_service, load);
    FIELD(pm_table_service, rows);
    FIELD(pm_table_service, cols);
    FIELD(pm_table_service, tally);
    SIZE(pm_tally);
    FIELD(pm_tally, size);
    FIELD(pm_tally, gamma);
    FIELD(pm_tally, start);
    FIELD(pm_tally, cls);
    FIELD(pm_tally, amount);
    FIELD(pm_tally, n_classes);
    FIELD(pm_tally, base);
    SIZE(pm_svd);
    FIELD(pm_svd, size);
    FIELD(pm_svd, method);
    FIELD(pm_svd, k);
    FIELD(pm_svd, tolerance);
    FIELD(pm_svd, oversampling);
    FIELD(pm_svd, power_iterations);
    FIELD(pm_svd, singular);
    FIELD(pm_svd, right);
    FIELD(pm_svd, right_i8);
    FIELD(pm_svd, scale);
    SIZE(pm_bt_report);
    FIELD(pm_bt_report, size);
    FIELD(pm_bt_report, is_separated);
    FIELD(pm_bt_report, first_beyond);
    FIELD(pm_bt_report, n_parts);
    FIELD(pm_bt_report, iterations);
    FIELD(pm_bt_report, log_loss);
    SIZE(pm_bt);
    FIELD(pm_bt, size);
    FIELD(pm_bt, k);
    FIELD(pm_bt, win);
    FIELD(pm_bt, win_zero);
    FIELD(pm_bt, lose_zero);
    FIELD(pm_bt, prior);
    FIELD(pm_bt, report);
    SIZE(pm_noise);
    FIELD(pm_noise, size);
    FIELD(pm_noise, stream);
    FIELD(pm_noise, first);
    FIELD(pm_noise, alpha);
    SIZE(pm_adam);
    FIELD(pm_adam, size);
    FIELD(pm_adam, x);
    FIELD(pm_adam, g);
    FIELD(pm_adam, w);
    FIELD(pm_adam, mean);
    FIELD(pm_adam, square);
    FIELD(pm_adam, toward);
    FIELD(pm_adam, lr);
    FIELD(pm_adam, l2);
    FIELD(pm_adam, step);
    SIZE(pm_linalg_service);
    FIELD(pm_linalg_service, size);
    FIELD(pm_linalg_service, svd_csr);
    FIELD(pm_linalg_service, ridge);
    FIELD(pm_linalg_service, svd);
    FIELD(pm_linalg_service, csr_i8);
    FIELD(pm_linalg_service, bradley_terry);
    FIELD(pm_linalg_service, tiers);
    FIELD(pm_linalg_service, noisy_rows);
    FIELD(pm_linalg_service, adam);
    FIELD(pm_linalg_service, dots);
    SIZE(pm_plugin);
    FIELD(pm_plugin, magic);
    FIELD(pm_plugin, abi);
    FIELD(pm_plugin, size);
    FIELD(pm_plugin, real_bytes);
    FIELD(pm_plugin, name);
    FIELD(pm_plugin, version);
    FIELD(pm_plugin, license);
    FIELD(pm_plugin, routers);
    FIELD(pm_plugin, objectives);
    FIELD(pm_plugin, constraints);
    FIELD(pm_plugin, embedders);
    FIELD(pm_plugin, backends);
}

int main(void)
{
    part_1();
    part_2();
    part_3();
    part_4();
    part_5();
    part_6();
    part_7();
    return 0;
}
