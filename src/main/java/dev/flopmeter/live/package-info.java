/**
 * For Java services: the live efficiency of the models they run, as Micrometer meters. Needs
 * Micrometer's core and our own count; DJL only for {@link
 * dev.flopmeter.live.EfficiencyTranslator}.
 */
@NullMarked
package dev.flopmeter.live;

import org.jspecify.annotations.NullMarked;
