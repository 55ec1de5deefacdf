/**
 * Java's view of the driver and cuDNN: the device, its stream, memory, events, graphs, modules,
 * descriptors, and errors as exceptions. Independent of networks.
 */
@NullMarked
package dev.flopmeter.run.cudnn.driver;

import org.jspecify.annotations.NullMarked;
