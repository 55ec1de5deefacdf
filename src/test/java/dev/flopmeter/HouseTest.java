package dev.flopmeter;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.flopmeter.run.cudnn.execute.PlanCache;
import dev.flopmeter.serve.time.Clocks;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Packages are layered in floors, and a package imports only from floors below its own. Packages on
 * one floor do not import each other either, so that each can be read alone.
 */
class HouseTest {

  /** From the top floor to the ground; the packages of a row share a floor. */
  private static final List<List<String>> FLOORS =
      List.of(
          List.of("cli"),
          List.of("serve"),
          List.of("report"),
          List.of("measure", "live"),
          List.of("run"),
          List.of("result"),
          List.of("device", "count"),
          List.of("model", "units"),
          List.of("text"));

  /** The package above all others; only {@code Flopmeter} is in it. */
  private static final String FRONT_DOOR = "";

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.flopmeter");

  /** One rule per package: it may only import from itself and the floors below. */
  static Stream<ArchRule> floors() {
    return Stream.iterate(0, floor -> floor < FLOORS.size(), floor -> floor + 1)
        .flatMap(
            floor ->
                FLOORS.get(floor).stream()
                    .map(
                        name ->
                            mayKnow(
                                name,
                                FLOORS.subList(floor + 1, FLOORS.size()).stream()
                                    .flatMap(List::stream)
                                    .toArray(String[]::new))));
  }

  @ParameterizedTest
  @MethodSource
  void floors(ArchRule rule) {
    rule.check(MAIN);
  }

  @Test
  void everyPackageHasItsFloor() {
    String[] housed =
        Stream.concat(
                Stream.of(ours(FRONT_DOOR)),
                FLOORS.stream().flatMap(List::stream).map(HouseTest::ours))
            .toArray(String[]::new);
    classes().should().resideInAnyPackage(housed).check(MAIN);
  }

  @Test
  void packagesFormNoCycle() {
    slices()
        .matching("dev.flopmeter.(**)")
        .should()
        .beFreeOfCycles()
        .allowEmptyShould(true)
        .check(MAIN);
  }

  /** The forms of a report share the findings, and do not import each other. */
  @Test
  void theRoomsOfReportsAreApart() {
    roomsKnow("report.text", "report.finding");
    roomsKnow("report.html", "report.finding", "report.page");
    roomsKnow("report.json", "report.finding");
    roomsKnow("report.page");
    roomsKnow("report.finding");
  }

  /** Within its package, {@code room} may only import from itself and these rooms. */
  private static void roomsKnow(String room, String... others) {
    String house = room.substring(0, room.lastIndexOf('.'));
    DescribedPredicate<JavaClass> known =
        resideInAnyPackage(
            Stream.concat(Stream.of(room), Stream.of(others))
                .map(HouseTest::ours)
                .toArray(String[]::new));
    noClasses()
        .that()
        .resideInAPackage(ours(room))
        .should()
        .dependOnClassesThat(resideInAPackage(ours(house)).and(DescribedPredicate.not(known)))
        .as(room + " knows no other room than " + List.of(others))
        .check(MAIN);
  }

  @Test
  void liveIsAFaceForServicesAndDragsInNoRunner() {
    mayKnow("live", "device", "count", "model", "text").check(MAIN);
  }

  @Test
  void onlyTheCudnnBackendTouchesJcuda() {
    onlyIn(List.of("run.cudnn.driver", "run.cudnn.execute"), "jcuda..", "org.jcuda..");
  }

  @Test
  void onlyItsBackendTouchesOnnxRuntime() {
    onlyIn(List.of("run.ort", "live"), "ai.onnxruntime..");
  }

  @Test
  void onlyTheDjlSidesTouchDjl() {
    onlyIn(List.of("run.djl", "model.djl", "live", FRONT_DOOR), "ai.djl..");
  }

  @Test
  void onlyTheExportersTouchMetricsLibraries() {
    onlyIn(List.of("serve", "live", "report"), "io.micrometer..", "io.prometheus..");
  }

  @Test
  void onlyPagesTouchTheTemplateLibrary() {
    onlyIn(List.of("report.html", "report.page", "serve.page"), "gg.jte..");
  }

  @Test
  void onlyTheCommandsTouchTheCommandLineLibrary() {
    onlyIn(List.of("cli"), "picocli..");
  }

  @Test
  void namesSayWhatAClassIs() {
    noClasses()
        .should()
        .haveSimpleNameEndingWith("Manager")
        .orShould()
        .haveSimpleNameEndingWith("Util")
        .orShould()
        .haveSimpleNameEndingWith("Utils")
        .orShould()
        .haveSimpleNameEndingWith("Helper")
        .orShould()
        .haveSimpleNameEndingWith("Impl")
        .because("a name tells what the class does or holds")
        .check(MAIN);
  }

  /**
   * Exceptions: the command line, which passes it on, and the ages of files, which use the system's
   * clock.
   */
  @Test
  void theTimeOfDayIsPassedIn() {
    Map<Class<?>, List<String>> clocks =
        Map.of(
            System.class, List.of("currentTimeMillis"),
            Instant.class, List.of("now"),
            InstantSource.class, List.of("system"),
            Clock.class, List.of("systemUTC", "systemDefaultZone", "system"));
    noClasses()
        .that()
        .resideOutsideOfPackage(ours("cli"))
        .and()
        .doNotBelongToAnyOf(Clocks.class, PlanCache.class)
        .should()
        .accessTargetWhere(
            describe(
                "is the system's clock",
                access ->
                    clocks.entrySet().stream()
                        .anyMatch(
                            clock ->
                                access.getTargetOwner().isEquivalentTo(clock.getKey())
                                    && clock.getValue().contains(access.getName()))))
        .check(MAIN);
  }

  @Test
  void theCountSearchesNoLists() {
    noClasses()
        .that()
        .resideInAPackage(ours("count"))
        .should()
        .callMethod(List.class, "contains", Object.class)
        .orShould()
        .callMethod(List.class, "indexOf", Object.class)
        .orShould()
        .callMethod(List.class, "lastIndexOf", Object.class)
        .because("a node can have as many inputs as a file has names, and work must grow with them")
        .check(MAIN);
  }

  /** The rooms of the cuDNN backend, and the rooms that each may import. */
  private static final Map<String, List<String>> CUDNN_ROOMS =
      Map.of(
          "driver", List.of(),
          "plan", List.of(),
          "operator", List.of("plan"),
          "execute", List.of("driver", "plan"));

  private static final int MOST_CLASSES_OF_A_PACKAGE = 35;

  static Stream<ArchRule> roomsOfTheCudnnBackend() {
    return CUDNN_ROOMS.entrySet().stream()
        .map(
            room ->
                noClasses()
                    .that()
                    .resideInAPackage(ours("run.cudnn." + room.getKey()))
                    .should()
                    .dependOnClassesThat(
                        resideInAPackage(ours("run.cudnn"))
                            .and(
                                DescribedPredicate.not(
                                    resideInAnyPackage(
                                        Stream.concat(
                                                Stream.of(room.getKey()), room.getValue().stream())
                                            .map(name -> ours("run.cudnn." + name))
                                            .toArray(String[]::new)))))
                    .as("the room " + room.getKey() + " knows only " + room.getValue()));
  }

  @ParameterizedTest
  @MethodSource
  void roomsOfTheCudnnBackend(ArchRule rule) {
    rule.check(MAIN);
  }

  @Test
  void everyPackageIsSmall() {
    Map<String, Long> sizes =
        MAIN.stream()
            .filter(JavaClass::isTopLevelClass)
            .filter(type -> !type.getSimpleName().equals("package-info"))
            .collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()));
    sizes.values().removeIf(size -> size <= MOST_CLASSES_OF_A_PACKAGE);
    assertEquals(
        Map.of(), sizes, "at most " + MOST_CLASSES_OF_A_PACKAGE + " classes are in a package");
  }

  @Test
  void everyPackageOfTheCudnnBackendIsARoom() {
    Set<String> packages =
        MAIN.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> name.startsWith("dev.flopmeter.run.cudnn."))
            .map(name -> name.substring("dev.flopmeter.run.cudnn.".length()))
            .collect(Collectors.toSet());
    assertEquals(CUDNN_ROOMS.keySet(), packages);
  }

  private static ArchRule mayKnow(String name, String... below) {
    DescribedPredicate<JavaClass> known =
        resideInAnyPackage(
            Stream.concat(Stream.of(name), Stream.of(below))
                .map(HouseTest::ours)
                .toArray(String[]::new));
    return noClasses()
        .that()
        .resideInAPackage(ours(name))
        .should()
        .dependOnClassesThat(resideInAPackage("dev.flopmeter..").and(DescribedPredicate.not(known)))
        .as(name + " knows only " + (below.length == 0 ? "itself" : String.join(", ", below)))
        .allowEmptyShould(true);
  }

  private static void onlyIn(List<String> packages, String... library) {
    noClasses()
        .that()
        .resideOutsideOfPackages(packages.stream().map(HouseTest::ours).toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(library)
        .allowEmptyShould(true)
        .check(MAIN);
  }

  /** The pattern of one of our packages and everything within it. */
  private static String ours(String name) {
    return name.equals(FRONT_DOOR) ? "dev.flopmeter" : "dev.flopmeter." + name + "..";
  }
}
