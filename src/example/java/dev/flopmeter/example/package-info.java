/** A service on DJL that shows the live efficiency of its model; run {@code InferenceService}. */
package dev.flopmeter.example;
