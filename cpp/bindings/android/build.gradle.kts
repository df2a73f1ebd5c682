// Not built here: no Android SDK at hand. See README.md.
plugins {
    id("com.android.library") version "8.7.3"
}

android {
    namespace = "org.countermark"
    compileSdk = 35
    ndkVersion = "27.2.12479018"

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64")
        }
        externalNativeBuild {
            cmake {
                targets += listOf("countermark", "countermark_jni")
                arguments += listOf(
                    "-DCOUNTERMARK_BUILD_JAVA=ON",
                    "-DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON", // devices with pages of 16 KiB
                )
            }
        }
    }

    externalNativeBuild {
        cmake {
            path = file("../../../CMakeLists.txt")
            version = "3.31.6"
        }
    }

    sourceSets["main"].java.srcDir("../jni/java")

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}
