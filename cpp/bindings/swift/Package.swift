// swift-tools-version:5.9
// Not built here: no Swift compiler at hand. See README.md.
import PackageDescription

let package = Package(
    name: "Countermark",
    platforms: [.macOS(.v12)],
    products: [.library(name: "Countermark", targets: ["Countermark"])],
    targets: [
        .systemLibrary(name: "CCountermark", pkgConfig: "countermark"),
        .target(name: "Countermark", dependencies: ["CCountermark"]),
        .testTarget(name: "CountermarkTests", dependencies: ["Countermark"]),
    ]
)
