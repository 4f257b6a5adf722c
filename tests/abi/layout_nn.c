/* SPDX-License-Identifier: MIT
 *
 * Masks and language models.
 */
#include "layout.h"

static void models(void)
{
    SIZE(pm_masks);
    FIELD(pm_masks, size);
    FIELD(pm_masks, share);
    FIELD(pm_masks, draws);
    FIELD(pm_masks, seed);
    SIZE(pm_masks_service);
    FIELD(pm_masks_service, size);
    FIELD(pm_masks_service, weigh);
    SIZE(pm_nn_open);
    FIELD(pm_nn_open, size);
    FIELD(pm_nn_open, model);
    FIELD(pm_nn_open, precision);
    FIELD(pm_nn_open, max_tokens);
    FIELD(pm_nn_open, n_outputs);
    SIZE(pm_nn_shape);
    FIELD(pm_nn_shape, size);
    FIELD(pm_nn_shape, kind);
    FIELD(pm_nn_shape, n_layers);
    FIELD(pm_nn_shape, width);
    FIELD(pm_nn_shape, n_heads);
    FIELD(pm_nn_shape, inner);
    FIELD(pm_nn_shape, vocab);
    FIELD(pm_nn_shape, max_tokens);
    FIELD(pm_nn_shape, n_outputs);
    FIELD(pm_nn_shape, lower_case);
    FIELD(pm_nn_shape, precision);
    FIELD(pm_nn_shape, design);
    SIZE(pm_nn_about);
    FIELD(pm_nn_about, size);
    FIELD(pm_nn_about, name);
    FIELD(pm_nn_about, kind);
    FIELD(pm_nn_about, can_score);
    FIELD(pm_nn_about, can_ask);
    FIELD(pm_nn_about, n_layers);
    FIELD(pm_nn_about, width);
    FIELD(pm_nn_about, n_vocab);
    FIELD(pm_nn_about, max_tokens);
    FIELD(pm_nn_about, n_outputs);
    FIELD(pm_nn_about, n_parameters);
    FIELD(pm_nn_about, pool);
    FIELD(pm_nn_about, bytes_trained);
}

static void fits(void)
{
    SIZE(pm_nn_fit);
    FIELD(pm_nn_fit, size);
    FIELD(pm_nn_fit, goal);
    FIELD(pm_nn_fit, text);
    FIELD(pm_nn_fit, pair);
    FIELD(pm_nn_fit, n);
    FIELD(pm_nn_fit, target);
    FIELD(pm_nn_fit, weight);
    FIELD(pm_nn_fit, tune_text);
    FIELD(pm_nn_fit, tune_pair);
    FIELD(pm_nn_fit, n_tune);
    FIELD(pm_nn_fit, tune_target);
    FIELD(pm_nn_fit, pool);
    FIELD(pm_nn_fit, max_tokens);
    FIELD(pm_nn_fit, batch_tokens);
    FIELD(pm_nn_fit, epochs);
    FIELD(pm_nn_fit, max_steps);
    FIELD(pm_nn_fit, rate);
    FIELD(pm_nn_fit, warm_up);
    FIELD(pm_nn_fit, decay);
    FIELD(pm_nn_fit, weight_decay);
    FIELD(pm_nn_fit, clip);
    FIELD(pm_nn_fit, mask_share);
    FIELD(pm_nn_fit, tune_share);
    FIELD(pm_nn_fit, patience);
    FIELD(pm_nn_fit, lora_rank);
    FIELD(pm_nn_fit, lora_alpha);
    FIELD(pm_nn_fit, mask_in_turn);
}

static void uses(void)
{
    SIZE(pm_nn_score);
    FIELD(pm_nn_score, size);
    FIELD(pm_nn_score, mask_share);
    FIELD(pm_nn_score, draws);
    FIELD(pm_nn_score, mask_seed);
    FIELD(pm_nn_score, nats);
    FIELD(pm_nn_score, pieces);
    FIELD(pm_nn_score, words);
    FIELD(pm_nn_score, chars);
    FIELD(pm_nn_score, right);
    FIELD(pm_nn_score, n_parts);
    FIELD(pm_nn_score, part);
    FIELD(pm_nn_score, mask_in_turn);
    FIELD(pm_nn_score, masked_only);
    SIZE(pm_nn_say);
    FIELD(pm_nn_say, size);
    FIELD(pm_nn_say, temperature);
    FIELD(pm_nn_say, top_p);
    FIELD(pm_nn_say, top_k);
    FIELD(pm_nn_say, max_new);
    FIELD(pm_nn_say, chat);
    SIZE(pm_nn_service);
    FIELD(pm_nn_service, size);
    FIELD(pm_nn_service, open);
    FIELD(pm_nn_service, create);
    FIELD(pm_nn_service, fit);
    FIELD(pm_nn_service, save);
    FIELD(pm_nn_service, load);
    FIELD(pm_nn_service, about);
    FIELD(pm_nn_service, embed);
    FIELD(pm_nn_service, outputs);
    FIELD(pm_nn_service, score);
    FIELD(pm_nn_service, ask);
}

void layout_nn(void)
{
    models();
    fits();
    uses();
}
