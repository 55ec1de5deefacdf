/**
 * The driver and cuDNN as Java sees them: the device, its stream, memory, events, graphs, modules,
 * descriptors, and errors as exceptions. Knows nothing of networks.
 */
@NullMarked
package dev.flopmeter.run.cudnn.driver;

import org.jspecify.annotations.NullMarked;
