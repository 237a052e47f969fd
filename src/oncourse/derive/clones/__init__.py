"""Cell fractions, clusters, trees and seeding of each patient."""
