import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";

/** Goes to an address below `/console` that is made at run time: `/devices?state=connected`. */
export function useGo(): (href: string) => void {
  const router = useRouter();
  return useCallback((href) => router.history.push(`/console${href}`), [router]);
}
